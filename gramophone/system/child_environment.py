"""The environment that a process of ours hands to one that it starts: what that needs, and no key.

Names that are not listed do not pass: a key may stand in any variable, and a program that does not
have it can neither write it down nor hand it on.
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
"""What an interpreter needs to be the same as ours."""
ENGINE: Final = PYTHON | {
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MALLOC_ARENA_MAX"),
    *("CUDA_VISIBLE_DEVICES", "CUDA_HOME", "CUDA_PATH", "HIP_VISIBLE_DEVICES"),
    *("ROCR_VISIBLE_DEVICES", "HSA_OVERRIDE_GFX_VERSION", "VK_ICD_FILENAMES", "VK_DRIVER_FILES"),
}
"""What an engine that computes needs besides."""
DESKTOP: Final = frozenset(
    {
        *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP"),
        *("DBUS_SESSION_BUS_ADDRESS", "TERM", "TMUX", "TMUX_PANE", "TMUX_TMPDIR"),
        *("WSL_DISTRO_NAME", "WSL_INTEROP", "WSLENV"),
    }
)
"""What a program of the desktop or of the terminal needs to find it."""
CERTIFICATES: Final = frozenset({"SSL_CERT_FILE", "SSL_CERT_DIR"})
"""What a client of a service with TLS needs."""


def child_environment(
    environment: Mapping[str, str], *wanted: Iterable[str], **added: str
) -> dict[str, str]:
    """What of `environment` every program needs and the names of `wanted`, with `added`."""
    names = _EVERY_PROGRAM.union(*wanted)
    passed = {
        name: value
        for name, value in environment.items()
        if name in names or name.startswith("LC_")
    }
    return passed | added
