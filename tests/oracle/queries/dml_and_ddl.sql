-- insert select
INSERT INTO acme.lab.plans (plan, users) SELECT plan, COUNT(*) FROM acme.lab.users WHERE country = 'DE' GROUP BY plan;

-- insert values
INSERT INTO acme.lab.plans (plan, price) VALUES ('x', 1.5);

-- insert values with a subquery
INSERT INTO acme.lab.plans (plan, users) VALUES ('x', (SELECT COUNT(DISTINCT name) FROM acme.lab.users));

-- insert with a CTE
INSERT INTO acme.lab.plans (plan) WITH q AS (SELECT name, country FROM acme.lab.users) SELECT name FROM q;

-- insert a star
INSERT INTO acme.lab.wide SELECT * FROM acme.lab.wide WHERE q1 > 3;

-- update with a constant
UPDATE acme.lab.users SET plan = 'x' WHERE country = 'DE';

-- update from its own columns
UPDATE acme.lab.wide SET q1 = q2 + q3, note = UPPER(note) WHERE TRUE;

-- update a field
UPDATE acme.lab.users SET profile.age = profile.age + 1 WHERE id = 3;

-- update from another table
UPDATE acme.lab.users AS u SET plan = p.currency FROM acme.lab.plans AS p WHERE u.plan = p.plan AND p.price > 1;

-- update from a join
UPDATE acme.lab.users AS u SET country = w.note FROM acme.lab.plans AS p JOIN acme.lab.wide AS w ON p.users = w.q1 WHERE u.plan = p.plan;

-- update with a subquery
UPDATE acme.lab.users SET manager_id = (SELECT MAX(q1) FROM acme.lab.wide AS w WHERE w.id = users.id) WHERE name IN (SELECT note FROM acme.lab.wide);

-- delete
DELETE FROM acme.lab.users WHERE created < TIMESTAMP '2026-01-01';

-- delete everything
DELETE FROM acme.lab.users WHERE TRUE;

-- delete with EXISTS
DELETE acme.lab.users AS u WHERE EXISTS (SELECT 1 FROM acme.lab.plans AS p WHERE p.plan = u.plan AND p.price = 0);

-- merge
MERGE acme.lab.plans AS t USING acme.lab.users AS s ON t.plan = s.plan
WHEN MATCHED AND s.country = 'DE' THEN UPDATE SET users = t.users + 1, currency = s.name
WHEN NOT MATCHED THEN INSERT (plan, users) VALUES (s.plan, s.id);

-- merge with a subquery
MERGE acme.lab.wide AS t USING (SELECT id, MAX(q1) AS q1, MAX(q2) AS unused FROM acme.lab.wide GROUP BY id) AS s ON t.id = s.id
WHEN MATCHED THEN UPDATE SET q1 = s.q1
WHEN NOT MATCHED BY SOURCE AND t.q4 > 3 THEN DELETE;

-- merge that inserts rows
MERGE acme.lab.wide AS t USING acme.lab.wide AS s ON FALSE WHEN NOT MATCHED THEN INSERT ROW WHEN NOT MATCHED BY SOURCE THEN DELETE;

-- merge that inserts values without columns
MERGE acme.lab.plans AS t USING (SELECT name, country FROM acme.lab.users) AS s ON t.plan = s.name
WHEN NOT MATCHED THEN INSERT VALUES (name, 1.0, country, 3);

-- create table as
CREATE TABLE acme.lab.copy AS SELECT id, name FROM acme.lab.users WHERE plan = 'x';

-- create or replace table with partitions
CREATE OR REPLACE TABLE acme.lab.copy PARTITION BY day CLUSTER BY country AS
SELECT DATE(created) AS day, country, COUNT(*) AS n FROM acme.lab.users GROUP BY 1, 2;

-- create temporary table with a CTE
CREATE TEMP TABLE copy AS WITH q AS (SELECT * FROM acme.lab.users) SELECT id FROM q;

-- create table as with ORDER BY
CREATE TABLE acme.lab.copy AS SELECT id FROM acme.lab.users ORDER BY created;

-- create view
CREATE VIEW acme.lab.some_view AS SELECT id, country FROM acme.lab.users;

-- create view with names for its columns
CREATE VIEW acme.lab.some_view (a, b) AS SELECT id, country FROM acme.lab.users;

-- create materialized view
CREATE MATERIALIZED VIEW acme.lab.totals AS SELECT product, SUM(amount) AS total FROM acme.lab.sales GROUP BY product;

-- export data
EXPORT DATA OPTIONS (uri = 'gs://bucket/*.csv', format = 'CSV') AS SELECT name FROM acme.lab.users WHERE id > 3;

-- create model
CREATE MODEL acme.lab.churn OPTIONS (model_type = 'logistic_reg', input_label_cols = ['plan']) AS SELECT country, plan FROM acme.lab.users WHERE id > 0;

-- assert
ASSERT EXISTS (SELECT name FROM acme.lab.users WHERE country = 'DE') AS 'none';

-- create function
CREATE TEMP FUNCTION double(x INT64) AS (x * 2);

-- truncate
TRUNCATE TABLE acme.lab.users;
