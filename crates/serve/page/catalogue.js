// What the service says of its KPIs.

/** The definition of a KPI; undefined until the catalogue has come. */
export const definition = ({ catalogue }, kpi) => catalogue?.kpis.find(({ name }) => name === kpi);

/** Whether a KPI is told for a kind of period. What is not must not be asked: it would be refused. */
export const isTold = (known, kpi, kind) => definition(known, kpi)?.periods.includes(kind) ?? false;
