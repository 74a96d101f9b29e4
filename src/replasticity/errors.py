"""The exceptions that a user sees as a line of text."""


class UserError(Exception):
    """Something that the user can mend: bad input, a missing file, a full disk.

    The message is one line that names the file, the key and what is allowed. The command line prints
    it without a traceback and exits with status 2.
    """


class StateError(UserError):
    """A simulated state left the finite range, or the limits that its model states: the run means nothing.

    The message names the variable, the time and the neuron or synapse.
    """


class BothEndError(StateError):
    """The same happened to another simulator's run with the same parameters and inputs."""


class UnavailableError(UserError):
    """A file that cannot be read now, for no fault of its own: it must not be deleted or made again for that."""


class MistakeError(UserError):
    """A mistake in code or in a file beside it, such as a study's; the message says where, and no data are to blame."""


class PeerUnavailableError(UserError):
    """Another simulator is not installed, or its environment is broken; the message says how to install it."""


class UnsupportedError(UserError):
    """Another simulator has no means for what these parameters ask for: what it can do is no worse for that."""
