-- The queue as version 1 made it, with a few rows; a test migrates it.
CREATE TABLE batch( row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, outname TEXT NOT NULL COLLATE NOCASE, source TEXT, sha256 TEXT, total INTEGER NOT NULL, parent_row INTEGER NOT NULL DEFAULT 0, record INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL);
CREATE INDEX batch_outname ON batch(outname);
CREATE INDEX batch_parent ON batch(parent_row) WHERE parent_row > 0;
CREATE TABLE job( row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, batch_row INTEGER NOT NULL DEFAULT 0, record INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL, stage TEXT NOT NULL, name TEXT NOT NULL, outname TEXT NOT NULL COLLATE NOCASE, source TEXT, input TEXT, sha256 TEXT, options TEXT NOT NULL, priority INTEGER NOT NULL DEFAULT 0, owner TEXT, reason TEXT, remedy TEXT, attempt INTEGER NOT NULL DEFAULT 0, steps_done INTEGER NOT NULL DEFAULT 0, steps_total INTEGER NOT NULL DEFAULT 0, progress REAL NOT NULL DEFAULT 0, eta REAL NOT NULL DEFAULT -1, detail TEXT, created REAL NOT NULL, started REAL NOT NULL DEFAULT 0, finished REAL NOT NULL DEFAULT 0, updated REAL NOT NULL);
CREATE INDEX job_state ON job(state, row);
CREATE INDEX job_waiting ON job(priority DESC, row) WHERE state = 0;
CREATE INDEX job_batch ON job(batch_row, row) WHERE batch_row > 0;
CREATE INDEX job_outname ON job(outname);
CREATE TABLE step( key TEXT PRIMARY KEY, kind TEXT NOT NULL, label TEXT NOT NULL, program TEXT, version TEXT, state INTEGER NOT NULL, cause TEXT, detail TEXT, attempts INTEGER NOT NULL DEFAULT 0, ranks INTEGER NOT NULL DEFAULT 0, est_s REAL NOT NULL DEFAULT 0, wall_s REAL NOT NULL DEFAULT 0, cpu_s REAL NOT NULL DEFAULT 0, created REAL NOT NULL, started REAL NOT NULL DEFAULT 0, finished REAL NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX step_open ON step(state) WHERE state < 2;
CREATE TABLE job_step( job_row INTEGER NOT NULL, key TEXT NOT NULL, stage TEXT NOT NULL, ord INTEGER NOT NULL, PRIMARY KEY(job_row, key)) WITHOUT ROWID;
CREATE INDEX job_step_key ON job_step(key);
CREATE TABLE claim(key TEXT PRIMARY KEY, job_id TEXT NOT NULL, created REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE request(uuid TEXT PRIMARY KEY, verb TEXT, target TEXT, ok INTEGER NOT NULL, outcome TEXT NOT NULL, created REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE fact(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO job(id,state,stage,name,outname,source,input,options,priority,created,finished,updated)
 VALUES('000000000001',3,'publish','old','old','old.smi','intake/000000000001/structure','{}',0,100,200,200),
 ('000000000002',0,'prepare','one','two/1-one','two.smi','steps/aa/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/rec-1.sdf','{}',2,100,0,100),
 ('000000000003',0,'prepare','two','two/2-two','two.smi','steps/aa/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/rec-2.sdf','{}',0,100,0,100);
UPDATE job SET batch_row=1,record=row-1 WHERE row>1;
INSERT INTO batch(row,id,name,outname,total,created) VALUES(1,'00000000000b','two','two',2,100);
INSERT INTO step(key,kind,label,state,created,finished) VALUES('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','mol','read the file',2,100,110),
 ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','xtb','rank conformer 1',2,100,110);
INSERT INTO job_step(job_row,key,stage,ord) VALUES(1,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','rank',0);
INSERT INTO fact(name,value) VALUES('heartbeat','0');
PRAGMA user_version=1;
