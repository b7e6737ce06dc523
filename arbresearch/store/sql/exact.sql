-- The double that `units` with `exponent` decimals stand for. Where the exponent is 127 they are its 64 bits:
-- 1 sign, 11 exponent, 52 fraction; each step below is exact.
CREATE OR REPLACE MACRO exact(units, exponent) AS
    CASE
        WHEN exponent < 127 THEN CAST(units AS DOUBLE) / pow(10.0, exponent)
        ELSE (CASE WHEN units < 0 THEN -1.0 ELSE 1.0 END)
            * CAST(
                (units & 4503599627370495) + (CASE WHEN (units >> 52) & 2047 > 0 THEN 4503599627370496 ELSE 0 END)
                AS DOUBLE
            )
            * pow(2.0, greatest((units >> 52) & 2047, 1) - 1075)
    END;
