"""Reading requirements.txt, pyproject.toml and lock files, which are hostile: whatever is in them is text, and no path leads out of the app."""
import json
import os
import re
import sys


def fail(*lines):
    warn(*lines)
    sys.exit(1)


def warn(*lines):
    for line in lines:
        sys.stderr.write(f" !     {line}\n")


def read_text(path):
    """Nothing for a file that is not there."""
    if not os.path.isfile(path):
        return ""
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        return file.read()


def read_json(path):
    try:
        value = json.loads(read_text(path))
    except ValueError as error:
        fail(f"{path} is not valid JSON: {error}")
    return value if isinstance(value, dict) else {}


def read_toml(path):
    text = read_text(path)
    try:
        import tomllib
    except ImportError:
        try:
            from pip._vendor import tomli as tomllib
        except ImportError:
            fail(f"Reading {path} needs Python 3.11 or a pip of 2021 or later on the PATH; there is Python {sys.version.split()[0]}.")
    try:
        return tomllib.loads(text)
    except ValueError as error:
        fail(f"{path} is not valid TOML: {error}")


class Project:
    """What pyproject.toml says, or setup.py by being there."""

    def __init__(self):
        self.exists = os.path.isfile("pyproject.toml")
        self.has_setup = os.path.isfile("setup.py")
        toml = read_toml("pyproject.toml") if self.exists else {}
        tool = _table(toml, "tool")
        self.table, self.uv, self.poetry = _table(toml, "project"), _table(tool, "uv"), _table(tool, "poetry")
        #: It can be built into a package.
        self.builds = "build-system" in toml or self.has_setup
        self.requires_python = self._requires_python()
        #: None: only building it tells.
        self.dependencies = self._dependencies()

    def _requires_python(self):
        spec = self.table.get("requires-python")
        if isinstance(spec, str) and spec.strip():
            return spec.strip(), "requires-python in pyproject.toml"
        spec = _table(self.poetry, "dependencies").get("python")
        if isinstance(spec, str) and spec.strip():
            return spec.strip(), "tool.poetry.dependencies in pyproject.toml"
        return None

    def _dependencies(self):
        dynamic = self.table.get("dynamic") or []
        if "dependencies" in dynamic or (self.builds and not self.table):
            return None
        listed = self.table.get("dependencies") or []
        # A line break would begin a line of its own, and that may be an option of pip's.
        return [re.sub(r"\s+", " ", line) for line in listed if isinstance(line, str) and not line.lstrip().startswith("-")]

    def is_package(self, manager):
        """Whether the app itself is installed as well, as the tool that made its lock would do it."""
        if manager == "uv":
            return bool(self.uv.get("package", self.builds))
        if manager == "poetry":
            if self.poetry.get("package-mode") is False:
                return False
            if "packages" in self.poetry:
                return True
            name = str(self.table.get("name") or self.poetry.get("name") or "").replace("-", "_").lower()
            return name != "" and any(os.path.exists(place + name + end) for place in ("", "src/") for end in ("", ".py"))
        return manager == "project" and self.builds


def deciding_files(manager, lockfile, project):
    """Name → text of all that decides what is installed besides the app itself; None if it is more than these."""
    if manager == "pip":
        return _requirement_files(lockfile)
    if manager == "project":
        lines = project.dependencies
        return None if lines is None or any(_is_elsewhere(line) for line in lines) else {"dependencies": "\n".join(lines)}
    lock = read_text(lockfile)
    local = {
        "uv": r'\{ (?:editable|directory|path|virtual) = "(?!\."\s*\})',
        "poetry": r'(?m)^type = "(?:directory|file)"',
        "pipenv": r'"(?:path|file|editable)":',
    }[manager]
    if re.search(local, lock):
        return None
    manifest = "Pipfile" if manager == "pipenv" else "pyproject.toml"
    return {lockfile: lock, manifest: read_text(manifest)}


def _requirement_files(first):
    files, waiting = {}, [first]
    while waiting:
        path = waiting.pop()
        if path in files:
            continue
        real = os.path.realpath(path)
        if not real.startswith(os.path.realpath(".") + os.sep) or not os.path.isfile(real):
            return None
        files[path] = read_text(path)
        for line in files[path].splitlines():
            match = re.match(r"\s*(?:-r|--requirement|-c|--constraint)(?:\s+|=|(?<=-[rc]))([^\s#]+)", line)
            if match and ":" not in match.group(1):
                waiting.append(os.path.normpath(os.path.join(os.path.dirname(path), match.group(1))))
            elif _is_elsewhere(line):
                return None
    return files


def _is_elsewhere(line):
    """What a line names may change while the line does not: a folder of the app, a branch."""
    line = line.strip()
    return line.startswith(("-r", "-c", "-e", "--requirement", "--constraint", "--editable", ".", "/")) or re.search(
        r"file:|git\+|@\s*\.|^[^#]*\.(?:whl|tar\.gz|zip)\b|^[^-@;#\s][^@;#\s]*/", line
    ) is not None


def _table(value, name):
    found = value.get(name)
    return found if isinstance(found, dict) else {}
