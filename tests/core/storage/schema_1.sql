BEGIN TRANSACTION;
CREATE TABLE hlr_experiment (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	spec TEXT NOT NULL, 
	state TEXT NOT NULL, 
	stop_requested BOOLEAN NOT NULL, 
	error TEXT, 
	created_at DOUBLE NOT NULL, 
	updated_at DOUBLE NOT NULL, 
	conductor_host TEXT, 
	conductor_pid INTEGER, 
	conductor_started DOUBLE, 
	conductor_beat INTEGER NOT NULL, 
	workers_wanted INTEGER NOT NULL, 
	workspace TEXT NOT NULL, 
	plugins TEXT NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "hlr_experiment" VALUES(1,'old','run','{"experiment": {"name": "old"}}','running',0,NULL,1.79537004118183135979e+09,1.79537004118183135979e+09,NULL,NULL,NULL,0,2,'/w','/p');
CREATE TABLE hlr_meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "hlr_meta" VALUES('schema','1');
CREATE TABLE hlr_point (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	series_id INTEGER NOT NULL, 
	step BIGINT NOT NULL, 
	value DOUBLE, 
	UNIQUE (series_id, step), 
	FOREIGN KEY(series_id) REFERENCES hlr_series (id) ON DELETE CASCADE
);
INSERT INTO "hlr_point" VALUES(1,1,1,0.5);
INSERT INTO "hlr_point" VALUES(2,1,2,NULL);
CREATE TABLE hlr_run (
	id TEXT NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	stage TEXT NOT NULL, 
	study TEXT NOT NULL, 
	optimizer TEXT NOT NULL, 
	scheduler TEXT NOT NULL, 
	trial INTEGER, 
	trial_id INTEGER, 
	seed BIGINT NOT NULL, 
	budget INTEGER NOT NULL, 
	config TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	deaths INTEGER NOT NULL, 
	worker_id TEXT, 
	device TEXT, 
	epoch INTEGER NOT NULL, 
	steps_per_epoch INTEGER, 
	prune_at INTEGER, 
	value DOUBLE, 
	results TEXT NOT NULL, 
	error TEXT, 
	log TEXT, 
	checkpoint TEXT, 
	created_at DOUBLE NOT NULL, 
	started_at DOUBLE, 
	finished_at DOUBLE, 
	PRIMARY KEY (id), 
	FOREIGN KEY(experiment_id) REFERENCES hlr_experiment (id) ON DELETE CASCADE
);
INSERT INTO "hlr_run" VALUES('r1',1,'run','old-AdamW-N','AdamW','N',NULL,NULL,1,2,'{"lr": 0.01}',1,'complete',1,0,'w','cpu',2,NULL,NULL,0.25,'{"val_loss": 0.25}',NULL,'/l',NULL,1.795370041185084343e+09,1.79537004118876457217e+09,1.79537004119350314139e+09);
INSERT INTO "hlr_run" VALUES('r2',1,'run','old-AdamW-N','AdamW','N',NULL,NULL,2,2,'{"lr": 0.01}',2,'queued',0,0,NULL,NULL,0,NULL,NULL,NULL,'{}',NULL,NULL,NULL,1.795370041185084343e+09,NULL,NULL);
CREATE TABLE hlr_series (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run_id TEXT NOT NULL, 
	metric TEXT NOT NULL, 
	unit TEXT NOT NULL, 
	UNIQUE (run_id, metric), 
	FOREIGN KEY(run_id) REFERENCES hlr_run (id) ON DELETE CASCADE
);
INSERT INTO "hlr_series" VALUES(1,'r1','val_loss','epoch');
CREATE TABLE hlr_worker (
	id TEXT NOT NULL, 
	experiment_id INTEGER, 
	host TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	started DOUBLE NOT NULL, 
	beat INTEGER NOT NULL, 
	seen_at DOUBLE NOT NULL, 
	device TEXT NOT NULL, 
	state TEXT NOT NULL, 
	run_id TEXT, 
	log TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(experiment_id) REFERENCES hlr_experiment (id) ON DELETE SET NULL
);
CREATE INDEX hlr_run_of_trial ON hlr_run (trial_id);
CREATE INDEX hlr_run_claim ON hlr_run (state, position);
CREATE INDEX hlr_run_of_experiment ON hlr_run (experiment_id, position);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('hlr_experiment',1);
INSERT INTO "sqlite_sequence" VALUES('hlr_series',1);
INSERT INTO "sqlite_sequence" VALUES('hlr_point',2);
COMMIT;
