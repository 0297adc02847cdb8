<?php
// Reading composer.json and composer.lock, and whether they belong together.

/** What composer's own hash of composer.json is made of (Composer\Package\Locker::getContentHash). */
const RELEVANT = [
    'name', 'version', 'require', 'require-dev', 'conflict', 'replace', 'provide', 'minimum-stability', 'prefer-stable', 'repositories', 'extra',
];

/** Null: there is no such file. */
function read_json(string $file): ?array
{
    if (!is_file($file)) return null;
    $value = json_decode(file_get_contents($file), true);
    if (!is_array($value)) stop("$file is not valid JSON: " . json_last_error_msg() . '.');
    foreach (['require', 'config', 'scripts', 'packages'] as $key) {
        if (isset($value[$key]) && !is_array($value[$key])) stop("$file: $key is not what composer expects there.");
    }
    foreach ($value['require'] ?? [] as $name => $range) if (!is_string($range)) stop("$file: require.$name is not a version.");
    return $value;
}

/** Names of what composer would fetch: a vendor and a name. */
function packages_of(array $require): array
{
    return array_values(array_filter(array_map('strval', array_keys($require)), fn ($name) => strpos($name, '/') !== false));
}

function check_lock(array $json, array $lock, string $file, string $lockFile): void
{
    $locked = array_map(fn ($one) => strtolower($one['name'] ?? ''), array_merge($lock['packages'] ?? [], $lock['packages-dev'] ?? []));
    $absent = array_values(array_diff(array_map('strtolower', packages_of($json['require'] ?? [])), $locked));
    if (isset($lock['content-hash']) && $lock['content-hash'] !== content_hash($json)) {
        $why = $absent === [] ? '' : ' It lacks ' . implode(', ', array_slice($absent, 0, 5)) . '.';
        stop("$lockFile is out of date: $file has changed since.$why", 'Run composer update on your machine (--lock, if no version is to change) and commit it.');
    }
}

function content_hash(array $json): string
{
    $relevant = array_intersect_key($json, array_flip(RELEVANT));
    if (isset($json['config']['platform'])) $relevant['config']['platform'] = $json['config']['platform'];
    ksort($relevant);
    return md5(json_encode($relevant, 0));
}
