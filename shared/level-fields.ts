/**
 * Fields that may hold a line's level. If a line has several, the first one here counts. In a file of its own, as browsers read
 * it, too.
 */
export const LEVEL_FIELDS: readonly string[] = [
  'level_name', // Monolog, whose `level` is a number of hundreds
  'level',
  'Level',
  'LEVEL',
  'lvl',
  'Lvl',
  'LVL',
  'severity', // Google Cloud
  'Severity',
  'SEVERITY',
  'log.level', // ECS
  'levelname', // Python
  'loglevel',
  'logLevel',
  'LogLevel', // .NET
  'log_level',
  'error_severity', // Postgres
  'severity_text', // OpenTelemetry
  'severityText',
  'SeverityText',
  '@level', // hclog
  '@l', // Serilog
];
