-- What PostgreSQL needs beside the tables of schema.sql: functions that SQLite has, and full-text
-- search.

CREATE FUNCTION instr(text, text) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN strpos($1, $2);

CREATE FUNCTION substr(text, bigint) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN substr($1, CAST($2 AS integer));

CREATE FUNCTION hex(bytea) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN upper(encode($1, 'hex'));

CREATE FUNCTION hex(text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN hex(convert_to($1, 'UTF8'));

-- The values of a JSON list or object, as text.
CREATE FUNCTION json_each(text) RETURNS TABLE ("key" text, value text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CAST(place - 1 AS text), element
    FROM json_array_elements_text(CASE WHEN left($1, 1) = '[' THEN CAST($1 AS json) END)
        WITH ORDINALITY AS found (element, place)
    UNION ALL
    SELECT * FROM json_each_text(CASE WHEN left($1, 1) = '{' THEN CAST($1 AS json) END)
$$;

CREATE FUNCTION json_array_length(text) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN json_array_length(CAST($1 AS json));

-- A JSON list of numbers, sorted.
CREATE FUNCTION json_numbers(bigint[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CAST(array_to_json(
        ARRAY(SELECT number FROM unnest($1) AS found (number) ORDER BY number)) AS text);

CREATE AGGREGATE json_group_array(bigint) (
    SFUNC = array_append, STYPE = bigint[], INITCOND = '{}', FINALFUNC = json_numbers
);

-- The place of each word. Words beyond the 16,383rd have no place of their own.
CREATE FUNCTION words_in(text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (SELECT CAST(COALESCE(
            string_agg(quote_literal(word) || ':' || LEAST(place, 16383), ' '), '') AS tsvector)
        FROM unnest(string_to_array($1, ' ')) WITH ORDINALITY AS found (word, place)
        WHERE word <> '');

-- tables of schema.sql

CREATE INDEX ix_archive_text_found ON archive_text USING gin (found);

-- The hits of a query in FTS5's words, as FTS5's table of that name gives them.
CREATE FUNCTION archive_words(text) RETURNS TABLE (rowid bigint, rank double precision)
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT id, -ts_rank('{0.2, 0.2, 0.2, 1}', found, query, 1)
    FROM archive_text, CAST(replace(replace(replace(replace($1,
        ' + ', ' <-> '), ' AND ', ' & '), '" *', '":*'), '"', '''') AS tsquery) AS query
    WHERE found @@ query
$$;
