<?php
// Does a version satisfy a range as composer.json writes it? (getcomposer.org/doc/articles/versions.md). For PHP and its
// extensions, whose versions are numbers; what is said of stability (@dev, -beta2) is passed over.

/** Null: the range cannot be understood. */
function satisfies(string $version, string $range): ?bool
{
    $have = numbers($version);
    $answers = array_map(fn ($part) => satisfies_all($have, trim($part)), preg_split('/\s*\|\|?\s*/', trim($range)));
    return in_array(null, $answers, true) ? null : in_array(true, $answers, true);
}

function satisfies_all(array $have, string $part): ?bool
{
    if (preg_match('/^(\S+)\s+-\s+(\S+)$/', $part, $ends)) {
        $all = [">=$ends[1]", "<=$ends[2]"];
        // The upper end is meant with all that begins like it, unless it is written out.
        if (substr_count($ends[2], '.') < 2) $all[1] = '<=' . $ends[2] . '.*';
    } else {
        $all = preg_split('/[\s,]+/', preg_replace('/([<>=!~^])\s+/', '$1', $part), -1, PREG_SPLIT_NO_EMPTY);
    }
    $answers = array_map(fn ($one) => satisfies_one($have, $one), $all);
    return $all === [] || in_array(null, $answers, true) ? null : !in_array(false, $answers, true);
}

function satisfies_one(array $have, string $comparator): ?bool
{
    $pattern = '/^(>=|<=|<>|!=|==|>|<|=|\^|~|)v?(\*|\d+)((?:\.(?:\d+|[*xX]))*)(?:[-+_.]?(?:dev|alpha|beta|rc|stable|patch|pl|[ab])[\w.]*)?(?:@\w+)?$/i';
    if (!preg_match($pattern, $comparator, $match)) return null;
    [, $operator, $first, $rest] = $match;
    $given = array_filter(explode('.', $first . $rest), 'ctype_digit');
    $is_open = preg_match('/[*xX]$/', $first . $rest) === 1;
    if ($given === []) return !in_array($operator, ['<', '>', '!=', '<>'], true);
    $low = pad($given);
    $from = $have >= $low;
    // With a wildcard 8.1.* means all of 8.1; without one 8.1 is 8.1.0.
    $is = $is_open ? $from && $have < raise($given, count($given) - 1) : $have === $low;
    switch ($operator) {
        case '>=': return $from;
        case '<': return !$from;
        case '>': return $is_open ? $from && !$is : $from && !$is;
        case '<=': return !$from || $is;
        case '!=':
        case '<>': return !$is;
        case '~': return $from && $have < raise($given, max(0, count($given) - 2));
        case '^': return $from && $have < raise($given, $low[0] > 0 || count($given) === 1 ? 0 : ($low[1] > 0 || count($given) === 2 ? 1 : 2));
        default: return $is;
    }
}

/** 8.2.36-1+deb12 → [8, 2, 36, 0] */
function numbers(string $version): array
{
    preg_match('/^v?(\d+(?:\.\d+){0,3})/', $version, $match);
    return pad(explode('.', $match[1] ?? '0'));
}

function pad(array $numbers): array
{
    return array_map('intval', array_slice(array_pad(array_values($numbers), 4, 0), 0, 4));
}

function raise(array $numbers, int $at): array
{
    $kept = array_slice(array_values($numbers), 0, $at + 1);
    $kept[$at]++;
    return pad($kept);
}
