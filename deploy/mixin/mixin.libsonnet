// The rules of deploy/prometheus and the dashboards of deploy/grafana in the form of a monitoring mixin: to be imported, and
// extended, by those who keep their monitoring in Jsonnet. `(import 'mixin.libsonnet') + { _config+:: { runbooks: '…' } }`.
local rules(text) = std.parseYaml(text).groups;

{
  _config:: {
    // The job that Tallyboard is scraped as.
    job: 'tallyboard',
    // Where the pages of deploy/runbooks are served, without a slash at the end.
    runbooks: 'https://runbooks.example.com/tallyboard',
  },

  local config = self._config,
  local of_job(text) = std.strReplace(text, 'job="tallyboard"', 'job="%s"' % config.job),
  local dashboard(text) =
    local of_job = std.strReplace(text, 'job=\\"tallyboard\\"', 'job=\\"%s\\"' % config.job);
    std.parseJson(std.strReplace(of_job, 'https://runbooks.example.com/tallyboard', config.runbooks)),
  local configured(rule) = rule {
    expr: of_job(rule.expr),
    [if 'annotations' in rule then 'annotations']: {
      [name]: std.strReplace(rule.annotations[name], 'job tallyboard', 'job ' + config.job)
      for name in std.objectFields(rule.annotations)
    } + {
      runbook_url: '%s/%s.md' % [config.runbooks, rule.alert],
    },
  },
  local groups(files) = { groups: [
    group { rules: std.map(configured, group.rules) }
    for group in std.flattenArrays(std.map(rules, files))
  ] },

  prometheusRules+:: groups([importstr '../prometheus/rules/judged.rules.yml']),
  prometheusAlerts+:: groups([
    importstr '../prometheus/rules/business.alerts.yml',
    importstr '../prometheus/rules/service.alerts.yml',
  ]),
  grafanaDashboards+:: std.mapWithKey(function(_, text) dashboard(text), {
    'tallyboard-activities.json': importstr '../grafana/dashboards/tallyboard-activities.json',
    'tallyboard-floor.json': importstr '../grafana/dashboards/tallyboard-floor.json',
    'tallyboard-pipeline.json': importstr '../grafana/dashboards/tallyboard-pipeline.json',
    'tallyboard-quota.json': importstr '../grafana/dashboards/tallyboard-quota.json',
    'tallyboard-service.json': importstr '../grafana/dashboards/tallyboard-service.json',
    'tallyboard-territories.json': importstr '../grafana/dashboards/tallyboard-territories.json',
  }),
}
