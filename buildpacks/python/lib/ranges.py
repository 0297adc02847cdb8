"""Does a Python version satisfy what pyproject.toml asks for? Specifiers of PEP 440, and besides them Poetry's ^, ~, * and ||."""
import re

_PART = re.compile(r"^(===|~=|==|!=|>=|<=|>|<|\^|~|)\s*v?(\d+(?:\.\d+)*)((?:\.\*)?)(?:[-.]?(?:a|b|rc|dev|post)\d*)?$")


def satisfies(version, wanted):
    """As a version file writes it, `3.11` for every 3.11.x, or as a range."""
    if re.match(r"^\d+(\.\d+)*$", wanted):
        return (version + ".").startswith(wanted + ".")
    return wanted == "" or fits(version, wanted)


def fits(version, spec):
    """Raises ValueError for a range that cannot be understood."""
    have = _padded(version)
    return any([_fits_all(have, alternative) for alternative in spec.split("||")])


def _fits_all(have, alternative):
    parts = re.sub(r"([<>=~^!])\s+", r"\1", alternative).replace(",", " ").split()
    return all([_fits_one(have, part) for part in parts])


def _fits_one(have, part):
    if part == "*":
        return True
    match = _PART.match(part)
    if match is None:
        raise ValueError(part)
    operator, digits, star = match.groups()
    given = [int(number) for number in digits.split(".")]
    low = _padded(digits)
    if star:
        inside = low <= have < _next(given, len(given) - 1)
        if operator in ("", "==", "==="):
            return inside
        if operator == "!=":
            return not inside
    if operator == "~=":
        return low <= have < _next(given, len(given) - 2)
    if operator == "^":
        return low <= have < _next(given, next((at for at, number in enumerate(given) if number > 0), 0))
    if operator == "~":
        return low <= have < _next(given, min(len(given) - 1, 1))
    return {
        "": have == low, "==": have == low, "===": have == low, "!=": have != low,
        ">=": have >= low, "<=": have <= low, ">": have > low, "<": have < low,
    }[operator]


def _padded(digits):
    numbers = [int(number) for number in digits.split(".")]
    return tuple((numbers + [0, 0, 0])[:3])


def _next(given, at):
    """The first version that no longer begins with given[:at + 1]."""
    at = max(at, 0)
    return tuple((given[:at] + [given[at] + 1] + [0, 0, 0])[:3])
