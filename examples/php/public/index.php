<?php

declare(strict_types=1);

require __DIR__ . '/../vendor/autoload.php';

use Greeter\Greeting;

header('content-type: text/plain; charset=utf-8');

// Whatever is no file of this folder comes here.
if ($_SERVER['REQUEST_URI'] === '/healthz') {
    echo "ok\n";
    return;
}

echo new Greeting(getenv('RELEASE_VERSION') ?: 'v0', substr(getenv('SOURCE_VERSION') ?: 'unknown', 0, 12));
