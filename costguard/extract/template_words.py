"""Word lists: SQL words by what they tell about the unknown value next to them, and names of dbt."""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NAME_AFTER: Final = _words(
    """
    ADD CALL COLUMN DELETE DESCRIBE DROP EXISTS FROM FUNCTION INTO JOIN MERGE MODEL PROCEDURE RENAME
    SCHEMA TABLE TO TRUNCATE UPDATE VIEW WINDOW
    """
)
CONDITION_AFTER: Final = _words(
    """
    AND ELSEIF HAVING IF NOT ON OR QUALIFY WHEN WHERE WHILE
    """
)
NUMBER_AFTER: Final = _words(
    """
    INTERVAL LIMIT OFFSET PERCENT PRECEDING ROWS SAMPLE SYSTEM TOP
    """
)
LITERAL_AFTER: Final = _words(
    """
    BETWEEN DATE DATETIME DEFAULT ELSE ILIKE LIKE REGEXP THEN TIME TIMESTAMP VALUES
    """
)
LITERAL_OPERATORS: Final = _words(
    """
    != := < <= <> = == => > >= ||
    """
)
NUMBER_OPERATORS: Final = _words(
    """
    % + - /
    """
)
EXPRESSION_AFTER: Final = _words(
    """
    ALL BY CASE DISTINCT RETURN SELECT SET USING
    """
)
CLAUSE_STARTS: Final = _words(
    """
    CLUSTER CREATE CROSS DELETE EXCEPT FROM FULL GROUP HAVING INNER INSERT INTERSECT JOIN LEFT LIMIT
    MERGE ON OPTIONS ORDER PARTITION QUALIFY RIGHT SELECT SET THEN UNION UPDATE USING VALUES WHEN
    WHERE WINDOW WITH
    """
)
COMPARISONS: Final = _words(
    """
    BETWEEN ILIKE IN IS LIKE NOT
    """
)
RESERVED: Final = _words(
    """
    ALL AND ANY ARRAY AS ASC AT BETWEEN BY CASE CAST COLLATE COLUMN CREATE CROSS CUBE CURRENT DATE
    DEFAULT DEFINE DELETE DESC DISTINCT ELSE END ESCAPE EXCEPT EXISTS EXTRACT FALSE FETCH FOLLOWING
    FOR FROM FULL FUNCTION GROUP GROUPING HASH HAVING IF IN INNER INSERT INTERSECT INTERVAL INTO IS
    JOIN LEFT LIKE LIMIT LOOKUP MERGE MODEL NATURAL NEW NO NOT NULL NULLS OF ON OR ORDER OUTER OVER
    PARTITION PRECEDING QUALIFY RANGE RECURSIVE RIGHT ROLLUP ROWS SELECT SET SOME STRUCT TABLE
    TABLESAMPLE THEN TIMESTAMP TO TREAT TRUE UNBOUNDED UNION UNNEST UPDATE USING VALUES VIEW WHEN
    WHERE WINDOW WITH WITHIN
    """
)
FIXED_NAMES: Final = _words(
    """
    adapter builtins config env_var execute is_incremental load_relation ref return run_query
    should_full_refresh source statement this var
    """
)
"""Names of dbt that a macro of the project does not replace: they stand for what happens at run time."""
