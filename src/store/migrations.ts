/** Numbered, append-only: a migration that has been released is never edited. `user_version` counts those applied. */
export const MIGRATIONS: string[] = [
  `
  CREATE TABLE apps (
    app TEXT PRIMARY KEY,
    suspended_at INTEGER,
    fresh_from INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  -- What was attempted. What was applied is in releases: a commit that failed has a row here and none that is live there.
  CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    app TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    settings TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'failed', 'succeeded', 'skipped', 'superseded')),
    code TEXT,
    message TEXT,
    retry_at INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    build_key TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER
  ) STRICT;
  CREATE INDEX attempts_app ON attempts (app, id);
  CREATE INDEX attempts_build ON attempts (build_key) WHERE state = 'open';

  CREATE TABLE releases (
    app TEXT NOT NULL,
    version INTEGER NOT NULL,
    commit_id TEXT NOT NULL,
    image_key TEXT NOT NULL,
    content TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    built INTEGER NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('todo', 'running', 'done')),
    status TEXT NOT NULL CHECK (status IN ('pending', 'live', 'superseded', 'failed')),
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    live_at INTEGER,
    PRIMARY KEY (app, version)
  ) STRICT;
  CREATE UNIQUE INDEX releases_one_live ON releases (app) WHERE status = 'live';
  CREATE UNIQUE INDEX releases_one_pending ON releases (app) WHERE status = 'pending';

  CREATE TABLE claims (
    route TEXT PRIMARY KEY,
    app TEXT NOT NULL
  ) STRICT;

  CREATE TABLE builds (
    id INTEGER PRIMARY KEY,
    app TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    key TEXT NOT NULL,
    outcome TEXT NOT NULL,
    message TEXT NOT NULL,
    duration_ms INTEGER NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX builds_app ON builds (app, id);

  CREATE TABLE drains (
    instance TEXT PRIMARY KEY,
    app TEXT NOT NULL,
    since INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX drains_app ON drains (app);

  CREATE TABLE crashes (
    id INTEGER PRIMARY KEY,
    app TEXT NOT NULL,
    instance TEXT NOT NULL,
    process TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    at INTEGER NOT NULL,
    ran_ms INTEGER NOT NULL,
    how TEXT NOT NULL,
    log TEXT NOT NULL
  ) STRICT;
  CREATE INDEX crashes_app ON crashes (app, id);

  CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    app TEXT NOT NULL,
    type TEXT NOT NULL,
    commit_id TEXT,
    release INTEGER,
    message TEXT NOT NULL,
    duration_ms INTEGER
  ) STRICT;
  CREATE INDEX events_app ON events (app, id);
  `,
  `
  -- Taken over from a route file when the store was new, and held until a release of the app goes live.
  ALTER TABLE claims ADD COLUMN adopted INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- What has to be told to somebody outside, in order for each target. Given up: dropped_at; overtaken: something newer arrived since.
  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT NOT NULL,
    app TEXT NOT NULL,
    topic TEXT NOT NULL CHECK (topic IN ('status', 'deployment', 'news')),
    commit_id TEXT NOT NULL,
    says TEXT NOT NULL,
    at INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    dropped_at INTEGER,
    error TEXT,
    overtaken INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX outbox_waiting ON outbox (target, id) WHERE dropped_at IS NULL;
  CREATE INDEX outbox_app ON outbox (app);

  CREATE TABLE outbox_told (
    app TEXT NOT NULL,
    target TEXT NOT NULL,
    topic TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (app, target, topic)
  ) STRICT, WITHOUT ROWID;
  -- What is live is no news.
  INSERT INTO outbox_told SELECT app, '', 'news', commit_id, 'live v' || version FROM releases WHERE status = 'live';

  -- Those that do not answer as they should.
  CREATE TABLE outbox_targets (
    target TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    error TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Pull requests that an app shows, in the order in which they came, and those that it refuses, with the reason that was told.
  CREATE TABLE previews (
    app TEXT NOT NULL,
    number INTEGER NOT NULL,
    place INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('shown', 'refused')),
    ref TEXT NOT NULL,
    is_fork INTEGER NOT NULL,
    commit_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (app, number)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- The last good list of each fleet, as its repository declares it.
  CREATE TABLE fleets (
    fleet TEXT PRIMARY KEY,
    commit_id TEXT NOT NULL,
    apps TEXT NOT NULL,
    read_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- No commit is deployed until somebody resumes it. To be stopped (\`down\`) is apps.suspended_at.
  CREATE TABLE suspensions (
    app TEXT PRIMARY KEY,
    by TEXT NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- The commit of an app that waits, and for what, so that it is told once.
  CREATE TABLE holds (
    app TEXT PRIMARY KEY,
    commit_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    since INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
]
