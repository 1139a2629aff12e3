-- union by position
SELECT a FROM (SELECT id AS a, name AS b FROM acme.lab.users UNION ALL SELECT users, currency FROM acme.lab.plans);

-- union distinct needs every column
SELECT a FROM (SELECT id AS a, name AS b FROM acme.lab.users UNION DISTINCT SELECT users, currency FROM acme.lab.plans);

-- intersect
SELECT plan FROM acme.lab.users INTERSECT DISTINCT SELECT plan FROM acme.lab.plans;

-- except in a subquery
SELECT COUNT(*) FROM (SELECT plan, country FROM acme.lab.users EXCEPT DISTINCT SELECT plan, currency FROM acme.lab.plans);

-- union of stars
SELECT id FROM (SELECT * FROM acme.lab.wide UNION ALL SELECT * FROM acme.lab.wide WHERE q4 > 0);

-- union of stars of different tables
SELECT level FROM (SELECT * FROM acme.lab.log_20260101 UNION ALL SELECT * FROM acme.lab.log_20260102);

-- union with ORDER BY and LIMIT
SELECT id, name FROM acme.lab.users UNION ALL SELECT users, plan FROM acme.lab.plans ORDER BY name LIMIT 3;

-- mixed operators with parentheses
SELECT v FROM ((SELECT plan AS v, country AS w FROM acme.lab.users UNION ALL SELECT plan, currency FROM acme.lab.plans) UNION DISTINCT SELECT product, quarter FROM acme.lab.sales);

-- union by name
SELECT id FROM (SELECT id, name FROM acme.lab.users UNION ALL BY NAME SELECT note AS name, id FROM acme.lab.wide);

-- star against a list of columns
SELECT plan FROM (SELECT * FROM acme.lab.plans UNION ALL SELECT name, 1.0, country, id FROM acme.lab.users);

-- list of columns against a star
SELECT p FROM (SELECT name AS p, 1.0 AS price, country AS c, id AS i FROM acme.lab.users UNION ALL SELECT * FROM acme.lab.plans);

-- field of a struct through a union
SELECT s.city FROM (SELECT user.address AS s FROM acme.lab.sessions UNION ALL SELECT STRUCT(name, note) FROM (SELECT country AS name, plan AS note FROM acme.lab.users));
