# Django's static files, as its manage.py collects them.

collect_static() {
  [[ -f manage.py ]] && compgen -G "$VENV/lib/python3*/site-packages/django/__init__.py" > /dev/null || return 0
  case ${DISABLE_COLLECTSTATIC,,} in
    '' | 0 | false | no) ;;
    *) indent <<< 'collectstatic is switched off (DISABLE_COLLECTSTATIC).'; return ;;
  esac
  topic 'Running manage.py collectstatic'
  local said=$pack_dir/collectstatic.log
  if python manage.py collectstatic --noinput > "$said" 2>&1; then
    indent < "$said"
  elif grep -q "Unknown command: 'collectstatic'" "$said"; then
    indent <<< 'django.contrib.staticfiles is not among INSTALLED_APPS: there is nothing to collect.'
  elif grep -q 'without having set the STATIC_ROOT' "$said"; then
    warn 'The settings have no STATIC_ROOT: static files are not collected, and only DEBUG would serve them.'
  else
    indent < "$said"
    fail 'manage.py collectstatic failed; what it says is above.' \
      'Settings that need what only the running app has can be given something for the build: build: {env: {…}} in app.yaml.' \
      'Or switch it off: build: {env: {DISABLE_COLLECTSTATIC: "1"}}.'
  fi
}
