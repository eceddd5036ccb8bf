CREATE TABLE product AS
SELECT id, levels, brand, category, color, size, material, price, popularity,
       setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', coalesce(description, '')), 'D') AS words
FROM feed;
DROP TABLE feed;
CREATE INDEX ON product USING gin (words) WITH (fastupdate = off);
CREATE INDEX ON product USING gin (levels) WITH (fastupdate = off);
CREATE INDEX ON product (brand);
CREATE INDEX ON product (price);
CREATE INDEX ON product (popularity);
VACUUM ANALYZE product;
