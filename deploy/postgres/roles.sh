#!/bin/sh
# The roles of the product, made once when the cluster is. backoffice_owner migrates and owns the schema; backoffice_info
# is whom the service info logs in as, and may do what backoffice_app may: no DELETE, and no change of what has happened.
set -eu
psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'EOSQL'
\set owner `cat /run/secrets/owner`
\set info `cat /run/secrets/info`
CREATE ROLE backoffice_app NOLOGIN;
CREATE ROLE backoffice_owner LOGIN CREATEDB PASSWORD :'owner';
CREATE ROLE backoffice_info LOGIN PASSWORD :'info';
GRANT backoffice_app TO backoffice_owner, backoffice_info;
-- The demo's database is dropped and made anew, the connections to it included.
GRANT backoffice_info TO backoffice_owner;
CREATE DATABASE backoffice OWNER backoffice_owner;
EOSQL
