"""The exceptions of Selfsame.

SelfsameError
├── InputError (ValueError)        the caller's argument, picture or settings are unusable
│   └── SettingError               a setting, name or option is wrong, or not for what is given
├── FormatError (ValueError)       the bytes of a file are unusable
│   ├── TruncatedError             they end too early
│   ├── CorruptedError             a checksum or an invariant fails
│   ├── UnsupportedError           a newer version, or a feature this build does not know
│   └── LimitError                 a size beyond what we are willing to allocate
├── DivergedError (RuntimeError)   an optimisation produced non-finite numbers
└── MissingExtraError (ImportError) an optional dependency is not installed
"""


class SelfsameError(Exception):
    """Root of every error raised on purpose by this package."""


class InputError(SelfsameError, ValueError):
    """An argument, picture or setting cannot be used; the message says what is allowed."""


class SettingError(InputError):
    """A setting, name or option is unknown or out of its range, or what is given has no use for it:
    on the command line, wrong usage."""


class FormatError(SelfsameError, ValueError):
    """The bytes of a file cannot be used."""


class TruncatedError(FormatError):
    """The file ends before its contents do."""


class CorruptedError(FormatError):
    """A checksum or an invariant of the format fails."""


class UnsupportedError(FormatError):
    """The file needs a version or feature that this build does not have."""


class LimitError(FormatError):
    """The file asks for more than the stated limits allow."""


class DivergedError(SelfsameError, RuntimeError):
    """An optimisation produced non-finite numbers."""


class MissingExtraError(SelfsameError, ImportError):
    """An optional dependency is missing; the message of ``selfsame.extras`` has the command."""
