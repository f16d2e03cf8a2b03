-- A database that version 0.1.0 of hpo wrote: two searches, one of them interrupted, and a grid.
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
INSERT INTO "studies" VALUES(1,'small');
INSERT INTO "studies" VALUES(2,'cut');
INSERT INTO "studies" VALUES(3,'pair');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_directions" VALUES(1,'MAXIMIZE',1,0);
INSERT INTO "study_directions" VALUES(2,'MAXIMIZE',2,0);
INSERT INTO "study_directions" VALUES(3,'MAXIMIZE',3,0);
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
INSERT INTO "study_user_attributes" VALUES(1,1,'kind','"search"');
INSERT INTO "study_user_attributes" VALUES(2,1,'definition','"# A search as version 0.1.0 stored it.\n[data]\ndataset = \"digits\"\nvalidation = 300\n[trial]\nepochs = 2\nnorm = \"batch\"\n[pruner]\nname = \"median\"\n[space]\ndepth = { low = 1, high = 2 }\nwidth = { low = 4, high = 16, log = true }\noptimizer = { choices = [\"adam\", \"sgd\"] }\nmomentum = { low = 0.5, high = 0.99, when = { optimizer = [\"sgd\"] } }\ndropout = { low = 0.0, high = 0.5 }\n"');
INSERT INTO "study_user_attributes" VALUES(3,1,'definition_sha256','"a22defc00ad80940f45dd8d956e0fdfc7484a04964705ac24bee8ff66c5c0a54"');
INSERT INTO "study_user_attributes" VALUES(4,1,'overrides','{}');
INSERT INTO "study_user_attributes" VALUES(5,1,'versions','{"python": "3.11.7", "hpo": "0.1.0", "optuna": "5.0.0", "torch": "2.15.0", "numpy": "2.4.6"}');
INSERT INTO "study_user_attributes" VALUES(6,1,'command','["hpo", "search", "--study", "small.toml", "--trials", "3", "--workers", "1"]');
INSERT INTO "study_user_attributes" VALUES(7,1,'host','"vm"');
INSERT INTO "study_user_attributes" VALUES(8,1,'sampler','{"name": "tpe", "n_startup_trials": 10, "lag": 8}');
INSERT INTO "study_user_attributes" VALUES(9,1,'pruner','{"name": "median", "patience": 3, "min_delta": 0.0, "n_startup_trials": 5, "n_warmup_steps": 0, "percentile": 25.0, "min_resource": 1, "reduction_factor": 3}');
INSERT INTO "study_user_attributes" VALUES(10,1,'dataset','{"name": "digits", "fingerprint": "d252ffd7b18d1587068407b975fb77084d7e165c4d53be23dd91b0ddece5c94c"}');
INSERT INTO "study_user_attributes" VALUES(11,2,'kind','"search"');
INSERT INTO "study_user_attributes" VALUES(12,2,'definition','"# A search as version 0.1.0 stored it.\n[data]\ndataset = \"digits\"\nvalidation = 300\n[trial]\nepochs = 2\nnorm = \"batch\"\n[pruner]\nname = \"median\"\n[space]\ndepth = { low = 1, high = 2 }\nwidth = { low = 4, high = 16, log = true }\noptimizer = { choices = [\"adam\", \"sgd\"] }\nmomentum = { low = 0.5, high = 0.99, when = { optimizer = [\"sgd\"] } }\ndropout = { low = 0.0, high = 0.5 }\n"');
INSERT INTO "study_user_attributes" VALUES(13,2,'definition_sha256','"4349336d835a7617acb7d014404c285a2578e9320e1a53dc3e7b43f03d007ef6"');
INSERT INTO "study_user_attributes" VALUES(14,2,'overrides','{"width": "400", "epochs": "2", "study.name": "cut"}');
INSERT INTO "study_user_attributes" VALUES(15,2,'versions','{"python": "3.11.7", "hpo": "0.1.0", "optuna": "5.0.0", "torch": "2.15.0", "numpy": "2.4.6"}');
INSERT INTO "study_user_attributes" VALUES(16,2,'command','["hpo", "search", "--study", "small.toml", "--trials", "40", "--epochs", "2", "--name", "cut", "--workers", "1", "--set", "width=400"]');
INSERT INTO "study_user_attributes" VALUES(17,2,'host','"vm"');
INSERT INTO "study_user_attributes" VALUES(18,2,'sampler','{"name": "tpe", "n_startup_trials": 10, "lag": 8}');
INSERT INTO "study_user_attributes" VALUES(19,2,'pruner','{"name": "median", "patience": 3, "min_delta": 0.0, "n_startup_trials": 5, "n_warmup_steps": 0, "percentile": 25.0, "min_resource": 1, "reduction_factor": 3}');
INSERT INTO "study_user_attributes" VALUES(20,2,'dataset','{"name": "digits", "fingerprint": "d252ffd7b18d1587068407b975fb77084d7e165c4d53be23dd91b0ddece5c94c"}');
INSERT INTO "study_user_attributes" VALUES(21,3,'kind','"grid"');
INSERT INTO "study_user_attributes" VALUES(22,3,'definition','"[data]\ndataset = \"digits\"\nvalidation = 300\n[trial]\nepochs = 2\n[[experiment]]\nname = \"narrow\"\nsettings = { hidden = \"8\" }\ndocumented = { test_accuracy = 80.0 }\n[[experiment]]\nname = \"wide\"\nsettings = { hidden = \"32-16\" }\n[[claim]]\nid = \"C1\"\ntitle = \"Wide beats narrow\"\ntests = [{ of = \"wide\", versus = \"narrow\", above = 0 }]\n"');
INSERT INTO "study_user_attributes" VALUES(23,3,'definition_sha256','"cb7d26c1c47078923827388640f68270227a65cb94be3aa5c0076a4d1aedd897"');
INSERT INTO "study_user_attributes" VALUES(24,3,'overrides','{}');
INSERT INTO "study_user_attributes" VALUES(25,3,'versions','{"python": "3.11.7", "hpo": "0.1.0", "optuna": "5.0.0", "torch": "2.15.0", "numpy": "2.4.6"}');
INSERT INTO "study_user_attributes" VALUES(26,3,'command','["hpo", "replay-grid", "--study", "pair.toml", "--seeds", "2", "--workers", "1"]');
INSERT INTO "study_user_attributes" VALUES(27,3,'host','"vm"');
INSERT INTO "study_user_attributes" VALUES(28,3,'sampler','{"name": "tpe", "n_startup_trials": 10, "lag": 8}');
INSERT INTO "study_user_attributes" VALUES(29,3,'pruner','{"name": "median", "patience": 3, "min_delta": 0.0, "n_startup_trials": 5, "n_warmup_steps": 0, "percentile": 25.0, "min_resource": 1, "reduction_factor": 3}');
INSERT INTO "study_user_attributes" VALUES(30,3,'dataset','{"name": "digits", "fingerprint": "d252ffd7b18d1587068407b975fb77084d7e165c4d53be23dd91b0ddece5c94c"}');
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
INSERT INTO "trial_intermediate_values" VALUES(1,1,1,2.03333333333333338144e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(2,1,2,2.43333333333333345915e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(3,2,1,0.12,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(4,2,2,2.83333333333333325931e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(5,3,1,1.66666666666666657414e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(6,3,2,1.8333333333333332038e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(7,5,1,0.17,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(8,5,2,0.24,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(9,6,1,1.63333333333333330372e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(10,6,2,0.33,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(11,7,1,1.06666666666666673513e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(12,7,2,1.33333333333333331482e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(13,8,1,0.34,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(14,8,2,5.26666666666666616336e-01,'FINITE');
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
INSERT INTO "trial_params" VALUES(1,1,'depth',2.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 2}}');
INSERT INTO "trial_params" VALUES(2,1,'width',8.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 4, "high": 16}}');
INSERT INTO "trial_params" VALUES(3,1,'optimizer',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["adam", "sgd"]}}');
INSERT INTO "trial_params" VALUES(4,1,'momentum',8.52320721542217385469e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.5, "high": 0.99, "log": false}}');
INSERT INTO "trial_params" VALUES(5,1,'dropout',2.92419880196757520085e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(6,2,'depth',2.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 2}}');
INSERT INTO "trial_params" VALUES(7,2,'width',8.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 4, "high": 16}}');
INSERT INTO "trial_params" VALUES(8,2,'optimizer',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["adam", "sgd"]}}');
INSERT INTO "trial_params" VALUES(9,2,'momentum',8.47641591664756388624e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.5, "high": 0.99, "log": false}}');
INSERT INTO "trial_params" VALUES(10,2,'dropout',1.2656688487060996362e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(11,3,'depth',1.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 2}}');
INSERT INTO "trial_params" VALUES(12,3,'width',6.0,'{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 4, "high": 16}}');
INSERT INTO "trial_params" VALUES(13,3,'optimizer',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["adam", "sgd"]}}');
INSERT INTO "trial_params" VALUES(14,3,'dropout',4.0924832135849903425e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.5, "log": false}}');
INSERT INTO "trial_params" VALUES(15,4,'depth',2.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 2}}');
INSERT INTO "trial_params" VALUES(16,4,'optimizer',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["adam", "sgd"]}}');
INSERT INTO "trial_params" VALUES(17,4,'dropout',1.93219239401344278217e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.5, "log": false}}');
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
INSERT INTO "trial_user_attributes" VALUES(1,1,'run_id','"trial_00000"');
INSERT INTO "trial_user_attributes" VALUES(2,1,'config','{"hidden": "8-8", "depth": 2, "width": 8, "taper": 1.0, "activation": "relu", "init": "glorot_uniform", "norm": "batch", "dropout": "0.29242", "input_dropout": 0.0, "l2": 0.0, "weight_decay": 0.0, "label_smoothing": 0.0, "optimizer": "sgd", "momentum": 0.8523207215422174, "nesterov": false, "rho": 0.9, "beta1": 0.9, "beta2": 0.999, "eps": 1e-07, "lr": 0.01, "lr_multiplier": null, "schedule": "constant", "warmup_epochs": 0.0, "min_lr": 0.0, "plateau_factor": 0.5, "plateau_patience": 10, "batch_size": 64, "epochs": 2, "patience": null, "monitor": "val_loss", "min_delta": 0.0, "restore_best": false, "checkpoint_monitor": null, "shuffle": "every_epoch", "augmentation": "none", "precision": "auto", "seed": 3964924996}');
INSERT INTO "trial_user_attributes" VALUES(3,1,'outcome','"complete"');
INSERT INTO "trial_user_attributes" VALUES(4,1,'curve','{"train_loss": [2.495730779154215, 2.1645046073350342], "train_accuracy": [0.10554089709762533, 0.18997361477572558], "val_loss": [2.1971162923177086, 2.073183797200521], "val_accuracy": [0.20333333333333334, 0.24333333333333335], "lr": [0.01, 0.01], "seconds": [0.009996386999773677, 0.005692967999493703]}');
INSERT INTO "trial_user_attributes" VALUES(5,1,'result','{"parameters": 746, "epochs": 2, "best_epoch": null, "seconds": 0.01568935499926738, "train_loss": 2.0637825971752695, "train_accuracy": 0.27440633245382584, "val_loss": 2.073183797200521, "val_accuracy": 0.24333333333333335, "test_loss": null, "test_accuracy": null, "lr_reductions": 0, "checkpoint_epoch": null, "checkpoint_val_loss": null, "checkpoint_val_accuracy": null, "precision": "bf16"}');
INSERT INTO "trial_user_attributes" VALUES(6,2,'run_id','"trial_00001"');
INSERT INTO "trial_user_attributes" VALUES(7,2,'config','{"hidden": "8-8", "depth": 2, "width": 8, "taper": 1.0, "activation": "relu", "init": "glorot_uniform", "norm": "batch", "dropout": "0.126567", "input_dropout": 0.0, "l2": 0.0, "weight_decay": 0.0, "label_smoothing": 0.0, "optimizer": "sgd", "momentum": 0.8476415916647564, "nesterov": false, "rho": 0.9, "beta1": 0.9, "beta2": 0.999, "eps": 1e-07, "lr": 0.01, "lr_multiplier": null, "schedule": "constant", "warmup_epochs": 0.0, "min_lr": 0.0, "plateau_factor": 0.5, "plateau_patience": 10, "batch_size": 64, "epochs": 2, "patience": null, "monitor": "val_loss", "min_delta": 0.0, "restore_best": false, "checkpoint_monitor": null, "shuffle": "every_epoch", "augmentation": "none", "precision": "auto", "seed": 901243215}');
INSERT INTO "trial_user_attributes" VALUES(8,2,'outcome','"complete"');
INSERT INTO "trial_user_attributes" VALUES(9,2,'curve','{"train_loss": [2.395775142948986, 2.1113251765097245], "train_accuracy": [0.12401055408970976, 0.21459982409850484], "val_loss": [2.278267618815104, 2.131981201171875], "val_accuracy": [0.12, 0.2833333333333333], "lr": [0.01, 0.01], "seconds": [0.006227885000043898, 0.006238591000510496]}');
INSERT INTO "trial_user_attributes" VALUES(10,2,'result','{"parameters": 746, "epochs": 2, "best_epoch": null, "seconds": 0.012466476000554394, "train_loss": 2.130329866837071, "train_accuracy": 0.29023746701846964, "val_loss": 2.131981201171875, "val_accuracy": 0.2833333333333333, "test_loss": null, "test_accuracy": null, "lr_reductions": 0, "checkpoint_epoch": null, "checkpoint_val_loss": null, "checkpoint_val_accuracy": null, "precision": "bf16"}');
INSERT INTO "trial_user_attributes" VALUES(11,3,'run_id','"trial_00002"');
INSERT INTO "trial_user_attributes" VALUES(12,3,'config','{"hidden": "6", "depth": 1, "width": 6, "taper": 1.0, "activation": "relu", "init": "glorot_uniform", "norm": "batch", "dropout": "0.409248", "input_dropout": 0.0, "l2": 0.0, "weight_decay": 0.0, "label_smoothing": 0.0, "optimizer": "adam", "momentum": 0.0, "nesterov": false, "rho": 0.9, "beta1": 0.9, "beta2": 0.999, "eps": 1e-07, "lr": 0.001, "lr_multiplier": null, "schedule": "constant", "warmup_epochs": 0.0, "min_lr": 0.0, "plateau_factor": 0.5, "plateau_patience": 10, "batch_size": 64, "epochs": 2, "patience": null, "monitor": "val_loss", "min_delta": 0.0, "restore_best": false, "checkpoint_monitor": null, "shuffle": "every_epoch", "augmentation": "none", "precision": "auto", "seed": 3884055042}');
INSERT INTO "trial_user_attributes" VALUES(13,3,'outcome','"complete"');
INSERT INTO "trial_user_attributes" VALUES(14,3,'curve','{"train_loss": [2.449539558763764, 2.3033747736466172], "train_accuracy": [0.10817941952506596, 0.10817941952506596], "val_loss": [2.3298358154296874, 2.23906005859375], "val_accuracy": [0.16666666666666666, 0.18333333333333332], "lr": [0.001, 0.001], "seconds": [0.005728481000005559, 0.004268896999747085]}');
INSERT INTO "trial_user_attributes" VALUES(15,3,'result','{"parameters": 484, "epochs": 2, "best_epoch": null, "seconds": 0.009997377999752644, "train_loss": 2.238278378073123, "train_accuracy": 0.17678100263852242, "val_loss": 2.23906005859375, "val_accuracy": 0.18333333333333332, "test_loss": null, "test_accuracy": null, "lr_reductions": 0, "checkpoint_epoch": null, "checkpoint_val_loss": null, "checkpoint_val_accuracy": null, "precision": "bf16"}');
INSERT INTO "trial_user_attributes" VALUES(16,4,'run_id','"trial_00000"');
INSERT INTO "trial_user_attributes" VALUES(17,4,'config','{"hidden": "400-400", "depth": 2, "width": 400, "taper": 1.0, "activation": "relu", "init": "glorot_uniform", "norm": "batch", "dropout": "0.193219", "input_dropout": 0.0, "l2": 0.0, "weight_decay": 0.0, "label_smoothing": 0.0, "optimizer": "adam", "momentum": 0.0, "nesterov": false, "rho": 0.9, "beta1": 0.9, "beta2": 0.999, "eps": 1e-07, "lr": 0.001, "lr_multiplier": null, "schedule": "constant", "warmup_epochs": 0.0, "min_lr": 0.0, "plateau_factor": 0.5, "plateau_patience": 10, "batch_size": 64, "epochs": 2, "patience": null, "monitor": "val_loss", "min_delta": 0.0, "restore_best": false, "checkpoint_monitor": null, "shuffle": "every_epoch", "augmentation": "none", "precision": "auto", "seed": 3964924996}');
INSERT INTO "trial_user_attributes" VALUES(18,4,'outcome','"interrupted"');
INSERT INTO "trial_user_attributes" VALUES(19,4,'curve','{"train_loss": [], "train_accuracy": [], "val_loss": [], "val_accuracy": [], "lr": [], "seconds": []}');
INSERT INTO "trial_user_attributes" VALUES(20,5,'run_id','"narrow_seed1"');
INSERT INTO "trial_user_attributes" VALUES(21,5,'experiment','"narrow"');
INSERT INTO "trial_user_attributes" VALUES(22,5,'replicate','1');
INSERT INTO "trial_user_attributes" VALUES(23,5,'config','{"hidden": "8", "depth": null, "width": null, "taper": 1.0, "activation": "relu", "init": "glorot_uniform", "norm": "none", "dropout": "0", "input_dropout": 0.0, "l2": 0.0, "weight_decay": 0.0, "label_smoothing": 0.0, "optimizer": "adam", "momentum": 0.0, "nesterov": false, "rho": 0.9, "beta1": 0.9, "beta2": 0.999, "eps": 1e-07, "lr": 0.001, "lr_multiplier": null, "schedule": "constant", "warmup_epochs": 0.0, "min_lr": 0.0, "plateau_factor": 0.5, "plateau_patience": 10, "batch_size": 64, "epochs": 2, "patience": null, "monitor": "val_loss", "min_delta": 0.0, "restore_best": false, "checkpoint_monitor": null, "shuffle": "every_epoch", "augmentation": "none", "precision": "auto", "seed": 1961547765}');
INSERT INTO "trial_user_attributes" VALUES(24,5,'outcome','"complete"');
INSERT INTO "trial_user_attributes" VALUES(25,5,'curve','{"train_loss": [2.4859267295507768, 2.2390958043495184], "train_accuracy": [0.15743183817062445, 0.22515391380826738], "val_loss": [2.3296793619791667, 2.190390828450521], "val_accuracy": [0.17, 0.24], "lr": [0.001, 0.001], "seconds": [0.007102145999851928, 0.0031560699999317876]}');
INSERT INTO "trial_user_attributes" VALUES(26,5,'result','{"parameters": 610, "epochs": 2, "best_epoch": null, "seconds": 0.010258215999783715, "train_loss": 2.1732558868596086, "train_accuracy": 0.25241864555848725, "val_loss": 2.190390828450521, "val_accuracy": 0.24, "test_loss": 2.1897408379448784, "test_accuracy": 0.2361111111111111, "lr_reductions": 0, "checkpoint_epoch": null, "checkpoint_val_loss": null, "checkpoint_val_accuracy": null, "precision": "bf16"}');
INSERT INTO "trial_user_attributes" VALUES(27,6,'run_id','"wide_seed1"');
INSERT INTO "trial_user_attributes" VALUES(28,6,'experiment','"wide"');
INSERT INTO "trial_user_attributes" VALUES(29,6,'replicate','1');
INSERT INTO "trial_user_attributes" VALUES(30,6,'config','{"hidden": "32-16", "depth": null, "width": null, "taper": 1.0, "activation": "relu", "init": "glorot_uniform", "norm": "none", "dropout": "0", "input_dropout": 0.0, "l2": 0.0, "weight_decay": 0.0, "label_smoothing": 0.0, "optimizer": "adam", "momentum": 0.0, "nesterov": false, "rho": 0.9, "beta1": 0.9, "beta2": 0.999, "eps": 1e-07, "lr": 0.001, "lr_multiplier": null, "schedule": "constant", "warmup_epochs": 0.0, "min_lr": 0.0, "plateau_factor": 0.5, "plateau_patience": 10, "batch_size": 64, "epochs": 2, "patience": null, "monitor": "val_loss", "min_delta": 0.0, "restore_best": false, "checkpoint_monitor": null, "shuffle": "every_epoch", "augmentation": "none", "precision": "auto", "seed": 1961547765}');
INSERT INTO "trial_user_attributes" VALUES(31,6,'outcome','"complete"');
INSERT INTO "trial_user_attributes" VALUES(32,6,'curve','{"train_loss": [2.356239917410395, 2.115159364887362], "train_accuracy": [0.12225153913808268, 0.287598944591029], "val_loss": [2.2449540201822917, 2.0228253173828126], "val_accuracy": [0.16333333333333333, 0.33], "lr": [0.001, 0.001], "seconds": [0.014604918999793881, 0.006327291999696172]}');
INSERT INTO "trial_user_attributes" VALUES(33,6,'result','{"parameters": 2778, "epochs": 2, "best_epoch": null, "seconds": 0.020932210999490053, "train_loss": 1.9861581981863594, "train_accuracy": 0.3597185576077397, "val_loss": 2.0228253173828126, "val_accuracy": 0.33, "test_loss": 2.0033633761935765, "test_accuracy": 0.33611111111111114, "lr_reductions": 0, "checkpoint_epoch": null, "checkpoint_val_loss": null, "checkpoint_val_accuracy": null, "precision": "bf16"}');
INSERT INTO "trial_user_attributes" VALUES(34,7,'run_id','"narrow_seed2"');
INSERT INTO "trial_user_attributes" VALUES(35,7,'experiment','"narrow"');
INSERT INTO "trial_user_attributes" VALUES(36,7,'replicate','2');
INSERT INTO "trial_user_attributes" VALUES(37,7,'config','{"hidden": "8", "depth": null, "width": null, "taper": 1.0, "activation": "relu", "init": "glorot_uniform", "norm": "none", "dropout": "0", "input_dropout": 0.0, "l2": 0.0, "weight_decay": 0.0, "label_smoothing": 0.0, "optimizer": "adam", "momentum": 0.0, "nesterov": false, "rho": 0.9, "beta1": 0.9, "beta2": 0.999, "eps": 1e-07, "lr": 0.001, "lr_multiplier": null, "schedule": "constant", "warmup_epochs": 0.0, "min_lr": 0.0, "plateau_factor": 0.5, "plateau_patience": 10, "batch_size": 64, "epochs": 2, "patience": null, "monitor": "val_loss", "min_delta": 0.0, "restore_best": false, "checkpoint_monitor": null, "shuffle": "every_epoch", "augmentation": "none", "precision": "auto", "seed": 1425400168}');
INSERT INTO "trial_user_attributes" VALUES(38,7,'outcome','"complete"');
INSERT INTO "trial_user_attributes" VALUES(39,7,'curve','{"train_loss": [2.5043537506642, 2.242526345223634], "train_accuracy": [0.10026385224274406, 0.1547933157431838], "val_loss": [2.3588289388020836, 2.1905584716796875], "val_accuracy": [0.10666666666666667, 0.13333333333333333], "lr": [0.001, 0.001], "seconds": [0.004199513000457955, 0.007272480000210635]}');
INSERT INTO "trial_user_attributes" VALUES(40,7,'result','{"parameters": 610, "epochs": 2, "best_epoch": null, "seconds": 0.01147199300066859, "train_loss": 2.160269087201792, "train_accuracy": 0.17678100263852242, "val_loss": 2.1905584716796875, "val_accuracy": 0.13333333333333333, "test_loss": 2.1804545084635416, "test_accuracy": 0.15555555555555556, "lr_reductions": 0, "checkpoint_epoch": null, "checkpoint_val_loss": null, "checkpoint_val_accuracy": null, "precision": "bf16"}');
INSERT INTO "trial_user_attributes" VALUES(41,8,'run_id','"wide_seed2"');
INSERT INTO "trial_user_attributes" VALUES(42,8,'experiment','"wide"');
INSERT INTO "trial_user_attributes" VALUES(43,8,'replicate','2');
INSERT INTO "trial_user_attributes" VALUES(44,8,'config','{"hidden": "32-16", "depth": null, "width": null, "taper": 1.0, "activation": "relu", "init": "glorot_uniform", "norm": "none", "dropout": "0", "input_dropout": 0.0, "l2": 0.0, "weight_decay": 0.0, "label_smoothing": 0.0, "optimizer": "adam", "momentum": 0.0, "nesterov": false, "rho": 0.9, "beta1": 0.9, "beta2": 0.999, "eps": 1e-07, "lr": 0.001, "lr_multiplier": null, "schedule": "constant", "warmup_epochs": 0.0, "min_lr": 0.0, "plateau_factor": 0.5, "plateau_patience": 10, "batch_size": 64, "epochs": 2, "patience": null, "monitor": "val_loss", "min_delta": 0.0, "restore_best": false, "checkpoint_monitor": null, "shuffle": "every_epoch", "augmentation": "none", "precision": "auto", "seed": 1425400168}');
INSERT INTO "trial_user_attributes" VALUES(45,8,'outcome','"complete"');
INSERT INTO "trial_user_attributes" VALUES(46,8,'curve','{"train_loss": [2.2028910017055487, 1.928763989146173], "train_accuracy": [0.18469656992084432, 0.42480211081794195], "val_loss": [2.0294205729166666, 1.7801511637369791], "val_accuracy": [0.34, 0.5266666666666666], "lr": [0.001, 0.001], "seconds": [0.008278467999843997, 0.0039033220000419533]}');
INSERT INTO "trial_user_attributes" VALUES(47,8,'result','{"parameters": 2778, "epochs": 2, "best_epoch": null, "seconds": 0.01218178999988595, "train_loss": 1.7747943109866287, "train_accuracy": 0.5364995602462621, "val_loss": 1.7801511637369791, "val_accuracy": 0.5266666666666666, "test_loss": 1.7758880615234376, "test_accuracy": 0.5611111111111111, "lr_reductions": 0, "checkpoint_epoch": null, "checkpoint_val_loss": null, "checkpoint_val_accuracy": null, "precision": "bf16"}');
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
INSERT INTO "trial_values" VALUES(1,1,0,2.43333333333333345915e-01,'FINITE');
INSERT INTO "trial_values" VALUES(2,2,0,2.83333333333333325931e-01,'FINITE');
INSERT INTO "trial_values" VALUES(3,3,0,1.8333333333333332038e-01,'FINITE');
INSERT INTO "trial_values" VALUES(4,5,0,0.24,'FINITE');
INSERT INTO "trial_values" VALUES(5,6,0,0.33,'FINITE');
INSERT INTO "trial_values" VALUES(6,7,0,1.33333333333333331482e-01,'FINITE');
INSERT INTO "trial_values" VALUES(7,8,0,5.26666666666666616336e-01,'FINITE');
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
INSERT INTO "trials" VALUES(1,0,1,'COMPLETE','2026-11-25 17:08:40.353883','2026-11-25 17:08:45.140587');
INSERT INTO "trials" VALUES(2,1,1,'COMPLETE','2026-11-25 17:08:45.141543','2026-11-25 17:08:45.163788');
INSERT INTO "trials" VALUES(3,2,1,'COMPLETE','2026-11-25 17:08:45.164754','2026-11-25 17:08:45.186381');
INSERT INTO "trials" VALUES(4,0,2,'WAITING','2026-11-25 17:08:50.487939',NULL);
INSERT INTO "trials" VALUES(5,0,3,'COMPLETE','2026-11-25 17:09:22.491067','2026-11-25 17:09:30.394411');
INSERT INTO "trials" VALUES(6,1,3,'COMPLETE','2026-11-25 17:09:30.394897','2026-11-25 17:09:30.466165');
INSERT INTO "trials" VALUES(7,2,3,'COMPLETE','2026-11-25 17:09:30.466559','2026-11-25 17:09:30.503962');
INSERT INTO "trials" VALUES(8,3,3,'COMPLETE','2026-11-25 17:09:30.504297','2026-11-25 17:09:30.528880');
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'5.0.0');
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE INDEX ix_trials_study_id ON trials (study_id);
COMMIT;
