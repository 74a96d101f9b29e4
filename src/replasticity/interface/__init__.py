"""The Python interface: what the command line does, in memory, for a notebook or a program of your own.

=======================  ===========================================================================================
`rp.experiments`         all experiments, as a table
`rp.parameters`          the parameters of one, with units, symbols, sources and bounds, as a table
`rp.run`                 simulate seeds: an `xarray.Dataset` with the dimension ``seed``
`rp.summarise`           runs -> statistics of each seed
`rp.judge`               runs or statistics -> a verdict on each claim, as a table
`rp.plot`                runs or statistics -> a `matplotlib.figure.Figure`
`rp.save`                write such a figure as the workflow does: the same bytes
`rp.replay`              run another simulator's recording again: how each quantity deviates, as a table
`rp.sweep`               statistics over seeds and over values of parameters
=======================  ===========================================================================================

These are the functions that the command line and the workflow call, so the numbers are the same, to the bit. Nothing is
written into ``results``. What is wrong with a name or a value is said in one line, as a `rp.UserError`.

>>> import replasticity as rp
>>> runs = rp.run("zenke2015", seeds=40)
>>> (rp.summarise(runs).dw_nS.mean("seed") > 0).values.tolist()
[False, False, False, True, True]
>>> rp.judge(runs).verdict.value_counts().to_dict()
{'reproduced': 5}
"""
