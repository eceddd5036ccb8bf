CREATE UNLOGGED TABLE feed (id bigint, title text, description text, levels text[], brand text, category text,
                            color text, size text, material text, price bigint, popularity bigint);
