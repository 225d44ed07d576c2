declare module 'ml-logistic-regression' {
  import type { Matrix } from 'ml-matrix';

  /** One-versus-all logistic regression by gradient descent; the gradient is a sum over the rows. */
  export default class LogisticRegression {
    constructor(options: { numSteps: number; learningRate: number });
    train(features: Matrix, target: Matrix): void;
    readonly classifiers: readonly { testScores(features: Matrix): readonly number[] }[];
  }
}
