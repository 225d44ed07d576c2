/** A small logistic model of lateness, trained on the earlier part of a dataset and scored on the later part. */
import { DuckDBInstance } from '@duckdb/node-api';
import LogisticRegression from 'ml-logistic-regression';
import { Matrix } from 'ml-matrix';

const TRAINING_ROWS = 30_000;
const TEST_ROWS = 30_000;
const STEPS = 150;

export interface ModelScore {
  /** Area under the ROC curve on the later rows: 0.5 is guessing. */
  readonly auc: number;
  readonly trainedOn: number;
  readonly testedOn: number;
}

/** `file` is a dataset in Parquet with `event_timestamp`, `is_late`, and numeric or boolean feature columns to use. */
export async function scoreModel(file: string): Promise<ModelScore> {
  const { features, late } = await readColumns(file);
  const split = Math.floor(late.length * 0.75);
  const train = pickEvenly(0, split, TRAINING_ROWS);
  const test = pickEvenly(split, late.length, TEST_ROWS);
  const scales = features.map((column) => measureScale(train.map((row) => column[row]!)));
  const matrix = (rows: readonly number[]): Matrix =>
    new Matrix(rows.map((row) => [1, ...features.map((column, index) => scale(column[row]!, scales[index]!))]));
  const regression = new LogisticRegression({ numSteps: STEPS, learningRate: 3 / train.length });
  regression.train(matrix(train), Matrix.columnVector(train.map((row) => (late[row] ? 1 : 0))));
  // the first classifier tells class 0, on time, from the rest: its score is that of "late"
  const scores = regression.classifiers[0]!.testScores(matrix(test));
  return {
    auc: areaUnderCurve(
      scores,
      test.map((row) => late[row]!),
    ),
    trainedOn: train.length,
    testedOn: test.length,
  };
}

async function readColumns(file: string): Promise<{ features: readonly Float64Array[]; late: readonly boolean[] }> {
  const database = await DuckDBInstance.create(':memory:', { memory_limit: '1GB', threads: '2' });
  const connection = await database.connect();
  try {
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM '${file}'`);
    const names = described
      .getRowObjects()
      .filter(
        (row) => /__/.test(String(row['column_name'])) && /BIGINT|DOUBLE|BOOLEAN/.test(String(row['column_type'])),
      )
      .map((row) => `"${String(row['column_name'])}"::DOUBLE`);
    const result = await connection.runAndReadAll(
      `SELECT is_late, ${names.join(', ')} FROM '${file}' ORDER BY event_timestamp`,
    );
    const [late = [], ...columns] = result.getColumns();
    return {
      late: late.map((value) => value === true),
      features: columns.map((column) =>
        Float64Array.from(column, (value) => (value === null ? Number.NaN : Number(value))),
      ),
    };
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}

function pickEvenly(from: number, to: number, most: number): readonly number[] {
  const count = Math.min(most, to - from);
  return Array.from({ length: count }, (_, index) => from + Math.floor((index * (to - from)) / count));
}

interface Scale {
  readonly mean: number;
  readonly deviation: number;
}

function measureScale(values: readonly number[]): Scale {
  const known = values.filter((value) => !Number.isNaN(value));
  const mean = known.reduce((total, value) => total + value, 0) / Math.max(1, known.length);
  const variance = known.reduce((total, value) => total + (value - mean) ** 2, 0) / Math.max(1, known.length);
  return { mean, deviation: Math.sqrt(variance) || 1 };
}

/** Standardized and cut at five deviations; an unknown value is the mean. */
function scale(value: number, { mean, deviation }: Scale): number {
  return Number.isNaN(value) ? 0 : Math.max(-5, Math.min(5, (value - mean) / deviation));
}

/** The Mann-Whitney statistic: ties count half. */
function areaUnderCurve(scores: readonly number[], positive: readonly boolean[]): number {
  const order = scores.map((_, index) => index).sort((a, b) => scores[a]! - scores[b]!);
  let rankSum = 0;
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end++;
    const rank = (start + 1 + end) / 2;
    for (let index = start; index < end; index++) if (positive[order[index]!]) rankSum += rank;
    start = end;
  }
  const positives = positive.filter(Boolean).length;
  const negatives = positive.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
