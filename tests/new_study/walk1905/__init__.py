"""A random walk (after Pearson 1905): the example of a study without another simulator, as small as one can be.

The walker's place is `place`, and its mean square grows with time: the study that tests add to a copy of the project.
No equation of docs/models/pair_stdp.md is used; a study with a model names its page here.
"""
