<?php
// For PHP's built-in server: what nginx is told in its configuration.
$root = getenv('PHP_WEB_ROOT');
$path = rawurldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '/');
$private = $root === dirname(__DIR__, 3) ? '#^/(vendor|node_modules)(/|$)|^/(Procfile|app\.yaml|composer\.(json|lock))$#' : '#^$#';
if (preg_match('#/\.(?!well-known/)#', $path) || preg_match($private, $path)) {
    http_response_code(404);
    echo "Not found\n";
    return true;
}
if ($path !== '/' && file_exists($root . $path) && !(is_dir($root . $path) && !is_file("$root$path/index.php"))) return false;
if (!is_file("$root/index.php")) return false;
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
$_SERVER['SCRIPT_FILENAME'] = "$root/index.php";
chdir($root);
require "$root/index.php";
