// Puts messages and stack traces of failures into payloads, which the codec encrypts. Temporal's SDK loads it by its path, in processes
// with require() and for the workflow sandbox into the bundle, hence CommonJS.
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
