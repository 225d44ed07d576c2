/** What a group of processes and each of its processes say to one another. */

/** Of a process: it serves; it has taken the connection that it was given; it wants no more. */
export type ProcessReport = 'serving' | 'taken' | 'leaving';

/** To a process: here is a connection; there comes none after this. */
export type ProcessOrder = 'connection' | 'left';
