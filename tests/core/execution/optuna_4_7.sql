-- Two studies as the experiment code of the paper leaves them, dumped with sqlite3 from a file that Optuna 4.7.0 made:
-- create_study(direction="minimize", sampler=TPESampler(seed=42), study_name=f"{project}-{optimizer}-{code}",
-- storage=f"sqlite:///{project}.db", load_if_exists=True), project HyperbolicLR-DIGITS-MLP, and study.optimize with
-- suggest_float("lr", 1e-4, 5e-2, log=True), suggest_float("infimum_lr", 1e-7, 1e-4, log=True) and
-- suggest_int("upper_bound", 200, 400, step=50) for AdamW-EH, suggest_float("d_coef", 0.1, 10.0, log=True) for Prodigy-N.
-- The objective is a function of lr. Trial 2 of AdamW-EH raised an error; trial 5 was interrupted and is still RUNNING.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('v3.2.0.a');
CREATE TABLE studies (
	study_id INTEGER NOT NULL,
	study_name VARCHAR(512) NOT NULL,
	PRIMARY KEY (study_id)
);
INSERT INTO "studies" VALUES(1,'HyperbolicLR-DIGITS-MLP-AdamW-EH');
INSERT INTO "studies" VALUES(2,'HyperbolicLR-DIGITS-MLP-Prodigy-N');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL,
	direction VARCHAR(8) NOT NULL,
	study_id INTEGER NOT NULL,
	objective INTEGER NOT NULL,
	PRIMARY KEY (study_direction_id),
	UNIQUE (study_id, objective),
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_directions" VALUES(1,'MINIMIZE',1,0);
INSERT INTO "study_directions" VALUES(2,'MINIMIZE',2,0);
CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL,
	study_id INTEGER,
	"key" VARCHAR(512),
	value_json TEXT,
	PRIMARY KEY (study_system_attribute_id),
	UNIQUE (study_id, "key"),
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL,
	study_id INTEGER,
	"key" VARCHAR(512),
	value_json TEXT,
	PRIMARY KEY (study_user_attribute_id),
	UNIQUE (study_id, "key"),
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL,
	trial_id INTEGER NOT NULL,
	heartbeat DATETIME NOT NULL,
	PRIMARY KEY (trial_heartbeat_id),
	UNIQUE (trial_id),
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL,
	trial_id INTEGER NOT NULL,
	step INTEGER NOT NULL,
	intermediate_value FLOAT,
	intermediate_value_type VARCHAR(7) NOT NULL,
	PRIMARY KEY (trial_intermediate_value_id),
	UNIQUE (trial_id, step),
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_params (
	param_id INTEGER NOT NULL,
	trial_id INTEGER,
	param_name VARCHAR(512),
	param_value FLOAT,
	distribution_json TEXT,
	PRIMARY KEY (param_id),
	UNIQUE (trial_id, param_name),
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_params" VALUES(1,1,'lr',1.02535096901685022705e-03,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0001, "high": 0.05, "log": true}}');
INSERT INTO "trial_params" VALUES(2,1,'infimum_lr',7.11447600934341927055e-05,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.0001, "log": true}}');
INSERT INTO "trial_params" VALUES(3,1,'upper_bound',350.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 50, "low": 200, "high": 400}}');
INSERT INTO "trial_params" VALUES(4,2,'lr',4.12820534382622467833e-03,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0001, "high": 0.05, "log": true}}');
INSERT INTO "trial_params" VALUES(5,2,'infimum_lr',2.9380279387035321088e-07,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.0001, "log": true}}');
INSERT INTO "trial_params" VALUES(6,2,'upper_bound',200.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 50, "low": 200, "high": 400}}');
INSERT INTO "trial_params" VALUES(7,3,'lr',1.43471595172014099086e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0001, "high": 0.05, "log": true}}');
INSERT INTO "trial_params" VALUES(8,3,'infimum_lr',3.96760507705299083035e-05,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.0001, "log": true}}');
INSERT INTO "trial_params" VALUES(9,3,'upper_bound',350.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 50, "low": 200, "high": 400}}');
INSERT INTO "trial_params" VALUES(10,4,'lr',8.14829321010529170066e-03,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0001, "high": 0.05, "log": true}}');
INSERT INTO "trial_params" VALUES(11,4,'infimum_lr',1.15279871282323895709e-07,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.0001, "log": true}}');
INSERT INTO "trial_params" VALUES(12,4,'upper_bound',400.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 50, "low": 200, "high": 400}}');
INSERT INTO "trial_params" VALUES(13,5,'lr',1.76497158481757239478e-02,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0001, "high": 0.05, "log": true}}');
INSERT INTO "trial_params" VALUES(14,5,'infimum_lr',4.33528179495156194356e-07,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.0001, "log": true}}');
INSERT INTO "trial_params" VALUES(15,5,'upper_bound',200.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 50, "low": 200, "high": 400}}');
INSERT INTO "trial_params" VALUES(16,6,'lr',3.12610291031106173401e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0001, "high": 0.05, "log": true}}');
INSERT INTO "trial_params" VALUES(17,6,'infimum_lr',8.17949947521166516491e-07,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.0001, "log": true}}');
INSERT INTO "trial_params" VALUES(18,6,'upper_bound',300.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 50, "low": 200, "high": 400}}');
INSERT INTO "trial_params" VALUES(19,7,'d_coef',5.61151641533450540322e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.1, "high": 10.0, "log": true}}');
INSERT INTO "trial_params" VALUES(20,8,'d_coef',7.96945481864393556747e+00,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.1, "high": 10.0, "log": true}}');
CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL,
	trial_id INTEGER,
	"key" VARCHAR(512),
	value_json TEXT,
	PRIMARY KEY (trial_system_attribute_id),
	UNIQUE (trial_id, "key"),
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL,
	trial_id INTEGER,
	"key" VARCHAR(512),
	value_json TEXT,
	PRIMARY KEY (trial_user_attribute_id),
	UNIQUE (trial_id, "key"),
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_values (
	trial_value_id INTEGER NOT NULL,
	trial_id INTEGER NOT NULL,
	objective INTEGER NOT NULL,
	value FLOAT,
	value_type VARCHAR(7) NOT NULL,
	PRIMARY KEY (trial_value_id),
	UNIQUE (trial_id, objective),
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_values" VALUES(1,1,0,1.07837311988168357834e-02,'FINITE');
INSERT INTO "trial_values" VALUES(2,2,0,2.47639384964451394338e-03,'FINITE');
INSERT INTO "trial_values" VALUES(3,4,0,1.07909141033139636955e-03,'FINITE');
INSERT INTO "trial_values" VALUES(4,5,0,1.60879501410122983592e-03,'FINITE');
INSERT INTO "trial_values" VALUES(5,7,0,4.50919762305274952896e-03,'FINITE');
INSERT INTO "trial_values" VALUES(6,8,0,1.1014286128198328557e-02,'FINITE');
CREATE TABLE trials (
	trial_id INTEGER NOT NULL,
	number INTEGER,
	study_id INTEGER,
	state VARCHAR(8) NOT NULL,
	datetime_start DATETIME,
	datetime_complete DATETIME,
	PRIMARY KEY (trial_id),
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "trials" VALUES(1,0,1,'COMPLETE','2026-11-22 17:15:47.768519','2026-11-22 17:15:47.810027');
INSERT INTO "trials" VALUES(2,1,1,'COMPLETE','2026-11-22 17:15:47.824705','2026-11-22 17:15:47.846276');
INSERT INTO "trials" VALUES(3,2,1,'FAIL','2026-11-22 17:15:47.858356','2026-11-22 17:15:47.878926');
INSERT INTO "trials" VALUES(4,3,1,'COMPLETE','2026-11-22 17:15:47.888457','2026-11-22 17:15:47.911492');
INSERT INTO "trials" VALUES(5,4,1,'COMPLETE','2026-11-22 17:15:47.923140','2026-11-22 17:15:47.943445');
INSERT INTO "trials" VALUES(6,5,1,'RUNNING','2026-11-22 17:15:47.952743',NULL);
INSERT INTO "trials" VALUES(7,0,2,'COMPLETE','2026-11-22 17:15:48.013864','2026-11-22 17:15:48.039629');
INSERT INTO "trials" VALUES(8,1,2,'COMPLETE','2026-11-22 17:15:48.059176','2026-11-22 17:15:48.080456');
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL,
	schema_version INTEGER,
	library_version VARCHAR(256),
	PRIMARY KEY (version_info_id),
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'4.7.0');
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE INDEX ix_trials_study_id ON trials (study_id);
COMMIT;
