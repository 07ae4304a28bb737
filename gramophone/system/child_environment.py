"""Environment of a child process: the variables that it needs, and no key of a service.

Only listed names pass, because a key may stand in any variable: a program that does not get it can
neither write it down nor pass it on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

_EVERY_PROGRAM: Final = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TMP", "TEMP"),
        *("LANG", "LANGUAGE", "TZ", "TZDIR", "LOCPATH", "__CF_USER_TEXT_ENCODING"),
        *("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
        *("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"),
    }
)
PYTHON: Final = frozenset(
    {
        *("PYTHONPATH", "PYTHONHOME", "PYTHONPLATLIBDIR", "PYTHONNOUSERSITE", "PYTHONUSERBASE"),
        *("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUTF8", "PYTHONIOENCODING"),
        *("PYTHONWARNINGS", "PYTHONDEVMODE", "PYTHONFAULTHANDLER", "PYTHONHASHSEED"),
        "VIRTUAL_ENV",
    }
)
"""Variables with which a Python child runs as this process does."""
ENGINE: Final = PYTHON | {
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MALLOC_ARENA_MAX"),
    *("CUDA_VISIBLE_DEVICES", "CUDA_HOME", "CUDA_PATH", "HIP_VISIBLE_DEVICES"),
    *("ROCR_VISIBLE_DEVICES", "HSA_OVERRIDE_GFX_VERSION", "VK_ICD_FILENAMES", "VK_DRIVER_FILES"),
}
"""Variables of numeric libraries and GPU drivers, for engines; those of Python included."""
DESKTOP: Final = frozenset(
    {
        *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP"),
        *("DBUS_SESSION_BUS_ADDRESS", "TERM", "TMUX", "TMUX_PANE", "TMUX_TMPDIR"),
        *("WSL_DISTRO_NAME", "WSL_INTEROP", "WSLENV"),
    }
)
"""Variables by which a program finds the desktop or the terminal, such as its clipboard."""
CERTIFICATES: Final = frozenset({"SSL_CERT_FILE", "SSL_CERT_DIR"})
"""Variables by which a TLS client finds certificates."""


def child_environment(
    environment: Mapping[str, str], *names_needed: Iterable[str], **added: str
) -> dict[str, str]:
    """Select from `environment` what every program needs and the `names_needed`; add `added`."""
    names = _EVERY_PROGRAM.union(*names_needed)
    passed = {
        name: value
        for name, value in environment.items()
        if name in names or name.startswith("LC_")
    }
    return passed | added
