-- The queue as version 7 made it, with a few rows; a test migrates it.
CREATE TABLE batch( row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, outname TEXT NOT NULL COLLATE NOCASE, source TEXT, sha256 TEXT, total INTEGER NOT NULL, parent_row INTEGER NOT NULL DEFAULT 0, record INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL, unmade INTEGER NOT NULL DEFAULT 0);
CREATE INDEX batch_outname ON batch(outname);
CREATE INDEX batch_parent ON batch(parent_row) WHERE parent_row > 0;
CREATE TABLE job( row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, batch_row INTEGER NOT NULL DEFAULT 0, record INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL, stage TEXT NOT NULL, name TEXT NOT NULL, outname TEXT NOT NULL COLLATE NOCASE, source TEXT, input TEXT, sha256 TEXT, options TEXT NOT NULL, priority INTEGER NOT NULL DEFAULT 0, owner TEXT, reason TEXT, remedy TEXT, attempt INTEGER NOT NULL DEFAULT 0, steps_done INTEGER NOT NULL DEFAULT 0, steps_total INTEGER NOT NULL DEFAULT 0, progress REAL NOT NULL DEFAULT 0, eta REAL NOT NULL DEFAULT -1, detail TEXT, created REAL NOT NULL, started REAL NOT NULL DEFAULT 0, finished REAL NOT NULL DEFAULT 0, updated REAL NOT NULL, gone REAL NOT NULL DEFAULT 0, approved INTEGER NOT NULL DEFAULT 0);
CREATE INDEX job_state ON job(state, row);
CREATE INDEX job_waiting ON job(priority DESC, row) WHERE state = 0;
CREATE INDEX job_batch ON job(batch_row, row) WHERE batch_row > 0;
CREATE INDEX job_outname ON job(outname);
CREATE TABLE step( key TEXT PRIMARY KEY, kind TEXT NOT NULL, label TEXT NOT NULL, program TEXT, version TEXT, state INTEGER NOT NULL, cause TEXT, detail TEXT, attempts INTEGER NOT NULL DEFAULT 0, ranks INTEGER NOT NULL DEFAULT 0, est_s REAL NOT NULL DEFAULT 0, wall_s REAL NOT NULL DEFAULT 0, cpu_s REAL NOT NULL DEFAULT 0, created REAL NOT NULL, started REAL NOT NULL DEFAULT 0, finished REAL NOT NULL DEFAULT 0, synced INTEGER NOT NULL DEFAULT 1) WITHOUT ROWID;
CREATE INDEX step_open ON step(state) WHERE state < 2;
CREATE TABLE job_step( job_row INTEGER NOT NULL, key TEXT NOT NULL, stage TEXT NOT NULL, ord INTEGER NOT NULL, PRIMARY KEY(job_row, key)) WITHOUT ROWID;
CREATE INDEX job_step_key ON job_step(key);
CREATE TABLE claim(key TEXT PRIMARY KEY, job_id TEXT NOT NULL, created REAL NOT NULL, mount TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE TABLE request(uuid TEXT PRIMARY KEY, verb TEXT, target TEXT, ok INTEGER NOT NULL, outcome TEXT NOT NULL, created REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE fact(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX step_unsynced ON step(key) WHERE synced = 0;
CREATE TABLE tally(state INTEGER PRIMARY KEY, n INTEGER NOT NULL);
CREATE TRIGGER tally_add AFTER INSERT ON job BEGIN INSERT INTO tally VALUES(new.state,1) ON CONFLICT(state) DO UPDATE SET n=n+1; END;
CREATE TRIGGER tally_move AFTER UPDATE OF state ON job WHEN old.state<>new.state BEGIN UPDATE tally SET n=n-1 WHERE state=old.state; INSERT INTO tally VALUES(new.state,1) ON CONFLICT(state) DO UPDATE SET n=n+1; END;
CREATE TRIGGER tally_remove AFTER DELETE ON job BEGIN UPDATE tally SET n=n-1 WHERE state=old.state; END;
CREATE INDEX job_ended ON job(finished) WHERE finished > 0;
CREATE INDEX job_name ON job(name);
CREATE INDEX job_live_outname ON job(outname) WHERE state NOT IN (3,4,5);
CREATE INDEX job_live_batch ON job(batch_row) WHERE batch_row>0 AND state NOT IN (3,4,5);
CREATE INDEX job_unsettled ON job(state,finished) WHERE finished>0 AND gone=0;
CREATE INDEX job_damaged ON job(state) WHERE typeof(state)<>'integer' OR state NOT IN (0,1,2,3,4,5,6);
CREATE INDEX batch_name ON batch(name);
CREATE INDEX batch_created ON batch(created);
CREATE INDEX request_created ON request(created);
INSERT INTO batch(row,id,name,outname,total,created,unmade) VALUES(1,'00000000000b','two','two',2,100,0);
INSERT INTO job(id,batch_row,record,state,stage,name,outname,source,input,options,priority,created,finished,updated)
 VALUES('000000000001',0,0,3,'publish','old','old','old.smi','intake/000000000001/structure','{}',0,100,200,200),
 ('000000000002',1,1,3,'publish','one','two/1-one','two.smi',NULL,'{"notify":{"value":"a@example.org","origin":"ticket"}}',2,100,300,300),
 ('000000000003',1,2,1,'rank','two','two/2-two','two.smi',NULL,'{"notify":{"value":"a@example.org","origin":"ticket"}}',0,100,0,100);
INSERT INTO claim(key,job_id,created,mount) VALUES('k','000000000001',100,'away');
INSERT INTO fact(name,value) VALUES('heartbeat','0');
PRAGMA user_version=7;
