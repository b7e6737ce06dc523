CREATE OR REPLACE VIEW {name} AS
SELECT
    {columns}
FROM {source};
