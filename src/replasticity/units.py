"""The unit suffixes of variable and parameter names, in one table.

A name ends in its unit: ``tau_H_ms``, ``weight_nS``, ``slope_nS_per_Hz``. A name without a suffix of
this table is dimensionless. The same table gives the ``units`` attribute of each netCDF variable, so a
name and its attribute cannot disagree.
"""

#: Suffix of a name -> ``units`` attribute (UDUNITS spelling, as CF asks).
UNIT_OF_SUFFIX: dict[str, str] = {
    "ms": "ms",
    "s": "s",
    "Hz": "Hz",
    "mV": "mV",
    "V": "V",
    "pA": "pA",
    "nA": "nA",
    "nS": "nS",
    "pF": "pF",
    "nS_s": "nS s",
    "nS_per_Hz": "nS Hz-1",
    "per_mV": "mV-1",
    "per_mV2": "mV-2",
    "mV2": "mV2",
    "percent": "percent",
    "per_ms": "ms-1",
    "pA_mV_per_ms": "pA mV ms-1",
}

#: ``units`` attribute of a dimensionless quantity.
DIMENSIONLESS = "1"

_LONGEST_FIRST = sorted(UNIT_OF_SUFFIX, key=len, reverse=True)


def unit_of(name: str) -> str:
    """Return the ``units`` attribute that a variable's name promises.

    Parameters
    ----------
    name : str
        Name of a variable or a parameter, such as ``"tau_H_ms"``.

    Returns
    -------
    str
        UDUNITS spelling, such as ``"ms"``; ``"1"`` if the name has no unit suffix.
    """
    for suffix in _LONGEST_FIRST:
        if name.endswith(f"_{suffix}"):
            return UNIT_OF_SUFFIX[suffix]
    return DIMENSIONLESS
