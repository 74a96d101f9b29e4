"""What a study is: a folder with all that belongs to one paper, each file with one reason to change.

========================  ===========================================================================
``__init__.py``           what the paper shows; symbols and names; experiments and figures: one page
``protocol.py``           parameters, inputs and simulation               (edited: simulate again)
``model.py``              of a study outside: equations and kernels       (edited: simulate again)
``statistics.py``         named numbers of one seed                       (edited: summarise again)
``figure.py``             panels                                          (edited: draw again)
``peer.py, peer.yaml``     another simulator's recordings, where there are (edited: replay and compare again)
``experiments/*.yaml``    parameters with their sources, claims, errata   (edited: what they concern)
``data/*.yaml``           measured values with their sources              (edited: what reads them)
``reference/``            committed statistics and drawn data
``recordings/``           of a study outside this package: recordings of another simulator
========================  ===========================================================================

A study with several protocols has them as ``network.py``, ``network_statistics.py``, ``network_figure.py`` and
``network_peer.py``. A protocol is called after its study, ``zenke2015``, or after study and file,
``clopath2010_network``; so is a figure. What the files hold is said in `replasticity.study.protocols`, where studies
lie in `replasticity.storage.places`.
"""
