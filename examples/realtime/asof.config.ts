import { defineConfig } from 'asof';

export default defineConfig({
  project: 'realtime',
  definitions: 'features.ts',
});
