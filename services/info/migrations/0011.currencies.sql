-- Amounts have as many decimal places as their currency.
-- depends: 0009.levels_and_claims

-- A numeric without a scale keeps the places that it is given, so that what is read is what is shown.
ALTER TABLE transfer ALTER COLUMN amount TYPE numeric;
ALTER TABLE transfer ADD CONSTRAINT transfer_places CHECK (scale(amount) <= 4);

-- Amounts so far have two places. None changes its value: one that holds more than its currency allows keeps both.
UPDATE transfer SET amount = round(amount, 0)
WHERE currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'KMF', 'XAF', 'XOF', 'XPF',
    'ISK', 'JPY', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV') AND amount = round(amount, 0);
UPDATE transfer SET amount = round(amount, 3) WHERE currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND');
UPDATE transfer SET amount = round(amount, 4) WHERE currency = 'UYW';

-- Amounts are sorted and compared within a currency only.
-- The release before still uses transfer_amount.
CREATE INDEX transfer_currency_amount ON transfer (currency, amount, id);
