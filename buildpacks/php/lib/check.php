<?php
// php check.php COMPOSER.JSON COMPOSER.LOCK: can this PHP run the app, as far as composer.json and composer.lock tell?
// Prints `name<TAB>value` lines for the shell; ends with 1 and a word to the person where the files themselves are wrong.
require __DIR__ . '/range.php';
require __DIR__ . '/lock.php';

[, $file, $lockFile] = $argv;
$json = read_json($file) ?? [];
$lock = read_json($lockFile);
if ($lock !== null) check_lock($json, $lock, $file, $lockFile);
elseif (packages_of($json['require'] ?? []) !== []) {
    stop(
        "$file requires packages, and there is no $lockFile: " . implode(', ', array_slice(packages_of($json['require']), 0, 5)) . '.',
        'Run composer update on your machine and commit the lock file, so that every build installs the same.',
    );
}

// What a package stands in for (symfony/polyfill-mbstring provides ext-mbstring) need not be there.
$packages = $lock['packages'] ?? [];
$provided = array_merge([], ...array_map(fn ($one) => array_keys(($one['provide'] ?? []) + ($one['replace'] ?? [])), $packages));
$wanted = ['', ''];
$missing = [];
foreach (array_merge([['name' => $file, 'require' => $json['require'] ?? []]], $packages) as $one) {
    foreach ($one['require'] ?? [] as $name => $range) {
        $name = strtolower($name);
        if ($name === 'php' || $name === 'php-64bit') {
            $fits = satisfies(PHP_VERSION, $range);
            if ($fits === null) stop("{$one['name']} requires PHP \"$range\", which is no version that can be understood.", 'Write something like ^8.2 or >=8.1 <8.4.');
            if ($one['name'] === $file) $asked = $range;
            if (!$fits) $wanted = [$range, $one['name']];
        } elseif (strpos($name, 'ext-') === 0 && !in_array($name, $provided, true)) {
            $have = extension($name);
            if ($have === null) $missing[$name][] = $one['name'];
            elseif ($range !== '*' && satisfies($have, $range) === false) $missing["$name $range (there is $have)"][] = $one['name'];
        }
    }
}

ksort($missing);
$config = $json['config'] ?? [];
tell('version', PHP_VERSION);
tell('asked', $asked ?? '');
tell('wanted', $wanted[0]);
tell('wanted_by', $wanted[1]);
tell('missing', implode(', ', array_map(fn ($name, $by) => "$name ($by[0])", array_keys($missing), $missing)));
tell('vendor', $config['vendor-dir'] ?? 'vendor');
tell('bin', $config['bin-dir'] ?? '');
tell('content_hash', content_hash($json));
tell('has_compile', isset($json['scripts']['compile']) ? 'yes' : '');
tell('needs_composer', $lock !== null || isset($json['autoload']) || isset($json['scripts']['compile']) ? 'yes' : '');
// Local packages are the app's own: they may change while the lock file does not.
$local = array_filter($packages, fn ($one) => ($one['dist']['type'] ?? '') === 'path');
tell('local_packages', implode(' ', array_column($local, 'name')));

/** The version of an extension, by the name that composer gives it; null where it is not there. */
function extension(string $name): ?string
{
    foreach (get_loaded_extensions() as $one) {
        if ('ext-' . str_replace(' ', '-', strtolower($one)) === $name) return phpversion($one) ?: '0';
    }
    return $name === 'ext-opcache' ? extension('ext-zend-opcache') : null;
}

function tell(string $name, $value): void
{
    echo $name, "\t", is_string($value) ? preg_replace('/[\t\r\n]/', ' ', $value) : '', "\n";
}

function stop(string ...$lines): void
{
    foreach ($lines as $line) fwrite(STDERR, " !     $line\n");
    exit(1);
}
