// What the service says of its KPIs.

/** The definition of a KPI; undefined until the catalogue has come. */
export const definition = ({ catalogue }, kpi) => catalogue?.kpis.find(({ name }) => name === kpi);

/** The most rows that a leaderboard may be asked for; null until the catalogue has come. */
export const rowsMax = ({ catalogue }) => catalogue?.limits.leaderboard_rows_max ?? null;

/** Which share of the tracked time should go into selling; null until the catalogue has come. */
export const sellingShare = ({ catalogue }) => (catalogue ? catalogue.thresholds.selling_time_percent / 100 : null);

/** Whether a KPI is told for a kind of period. What is not must not be asked: it would be refused. */
export const isTold = (known, kpi, kind) => definition(known, kpi)?.periods.includes(kind) ?? false;
