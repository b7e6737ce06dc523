-- The double that `units` digits with `exponent` decimals stand for; rows marked by 64 are read as text.
CREATE OR REPLACE MACRO exact(units, exponent) AS
    CASE
        WHEN exponent < 64 THEN CAST(units AS DOUBLE) / pow(10.0, exponent)
        ELSE CAST(concat(units, 'e-', exponent - 64) AS DOUBLE)
    END;
