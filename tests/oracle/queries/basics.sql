-- plain columns
SELECT id, name FROM acme.lab.users WHERE country = 'DE';

-- backticks around the whole name
SELECT u.id FROM `acme.lab.users` AS u WHERE u.plan IS NOT NULL;

-- backticks around parts, and another case
SELECT Users.NAME FROM `acme`.lab.`users` ORDER BY Id;

-- count of rows
SELECT COUNT(*) FROM acme.lab.users;

-- a constant for each row
SELECT 1 FROM acme.lab.users;

-- star
SELECT * FROM acme.lab.users;

-- star except
SELECT * EXCEPT (profile, scores) FROM acme.lab.users;

-- star replace
SELECT * REPLACE (UPPER(country) AS name) FROM acme.lab.users;

-- star except and replace
SELECT u.* EXCEPT (profile) REPLACE (u.profile.age AS scores) FROM acme.lab.users AS u;

-- star of one side of a join
SELECT p.*, u.name FROM acme.lab.users AS u JOIN acme.lab.plans AS p ON u.plan = p.plan;

-- star of a join with USING
SELECT * FROM acme.lab.users JOIN acme.lab.plans USING (plan);

-- row as JSON
SELECT TO_JSON_STRING(u) FROM acme.lab.users AS u;
