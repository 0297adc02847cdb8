<?php
// For PHP's built-in server: what nginx is told in its configuration.
$root = getenv('PHP_WEB_ROOT');
$path = rawurldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '/');
$isOwn = $root === dirname(__DIR__, 3);
$isPrivate = preg_match('#/\.(?!well-known/)#', $path)
    || $isOwn && preg_match('#^/(vendor|node_modules)(/|$)|^/(Procfile|app\.yaml|(composer|package|package-lock)\.json|composer\.lock)$#', $path);
$isScript = preg_match('#^(/.*?[^/]\.php)(/|$)#', $path, $script) === 1;
if ($isPrivate || $isScript && !is_file($root . $script[1])) {
    http_response_code(404);
    echo "Not found\n";
    return true;
}
$isThere = $isScript || is_file($root . $path) || is_file("$root$path/index.php") || is_file("$root$path/index.html");
if ($isThere || !is_file("$root/index.php")) return false;
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
$_SERVER['SCRIPT_FILENAME'] = "$root/index.php";
require "$root/index.php";
