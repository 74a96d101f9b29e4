"""The unit suffixes of variable and parameter names, in one table.

A name ends in its unit: ``tau_H_ms``, ``weight_nS``, ``slope_nS_per_Hz``. A name without a suffix of
this table is dimensionless. The same table gives the ``units`` attribute of each netCDF variable, so a
name and its attribute cannot disagree.

A quantity in another unit is converted to one of the table, where its value is written: a resistance in MOhm, not in
kOhm. The gate ``quantities`` (`replasticity.testing.gates`) finds names that end in a unit which the table does not
have, or has in other letters.
"""

import re

#: Suffix of a name -> ``units`` attribute (UDUNITS spelling, as CF asks).
UNIT_OF_SUFFIX: dict[str, str] = {
    "us": "us",
    "ms": "ms",
    "s": "s",
    "Hz": "Hz",
    "kHz": "kHz",
    "uV": "uV",
    "mV": "mV",
    "V": "V",
    "pA": "pA",
    "nA": "nA",
    "uA": "uA",
    "pS": "pS",
    "nS": "nS",
    "uS": "uS",
    "pF": "pF",
    "nF": "nF",
    "MOhm": "Mohm",
    "GOhm": "Gohm",
    "nM": "nmol L-1",
    "uM": "umol L-1",
    "mM": "mmol L-1",
    "um": "um",
    "nS_s": "nS s",
    "nS_per_Hz": "nS Hz-1",
    "per_mV": "mV-1",
    "per_mV2": "mV-2",
    "mV2": "mV2",
    "percent": "percent",
    "per_ms": "ms-1",
    "per_s": "s-1",
    "mS_per_cm2": "mS cm-2",
    "uA_per_cm2": "uA cm-2",
    "uF_per_cm2": "uF cm-2",
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


#: A unit with a prefix, in the letters that it has, or in others.
_WITH_PREFIX = re.compile("([fpnumkMG])(s|Hz|V|A|S|F|Ohm|M)")

#: Last parts of names that look like a unit in other letters, and are none: sodium, the unconditioned stimulus.
_NO_UNITS = {"Na", "US"}


def near_unit(name: str) -> list[str]:
    """Return the suffixes that may be meant by a name that ends in a unit which is not in the table.

    Parameters
    ----------
    name : str
        Name of a variable or a parameter, such as ``"rate_hz"``.

    Returns
    -------
    list of str
        Such as ``["Hz"]``; empty if the name ends in a unit of the table, or in no unit.
    """
    stem, _, last = name.rpartition("_")
    suffix = next((each for each in _LONGEST_FIRST if name.endswith(f"_{each}")), None)
    if suffix is not None:
        # Of "rate_per_V" the table has the last part alone.
        is_divided = name.removesuffix(f"_{suffix}").endswith("_per")
        return [each for each in UNIT_OF_SUFFIX if each.startswith("per_")] if is_divided else []
    # One letter is as often a symbol.
    if not stem or len(last) < 2 or last in _NO_UNITS:
        return []
    in_other_letters = [each for each in UNIT_OF_SUFFIX if each.lower() == last.lower()]
    if in_other_letters or not (found := _WITH_PREFIX.fullmatch(last)):
        return in_other_letters
    return [each for each in UNIT_OF_SUFFIX if re.fullmatch(f"[fpnumkMG]?{found[2]}", each)]
