/** A disk of its own for the lake of a chaos run, which can be full for a while. Mounting takes Linux and root. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export const canMount = process.getuid?.() === 0 && process.platform === 'linux';

const ROOM = '2g';

export interface SmallDisk {
  /** Leaves no room beside what is there. */
  fill(): Promise<void>;
  free(): void;
  close(): void;
}

export function mountDisk(directory: string): SmallDisk {
  mkdirSync(directory, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${ROOM}`, 'tmpfs', directory]);
  const resize = (size: string): void => {
    execFileSync('mount', ['-o', `remount,size=${size}`, directory], { stdio: 'pipe' });
  };
  return {
    async fill() {
      for (let attempt = 1; ; attempt++) {
        const { blocks, bfree, bsize } = statfsSync(directory);
        try {
          // a disk cannot shrink below what it holds, and others go on writing
          return resize(String((blocks - bfree) * bsize));
        } catch (error) {
          if (attempt === 50) throw error;
          await sleep(10);
        }
      }
    },
    free: () => resize(ROOM),
    close: () => void execFileSync('umount', ['-l', directory]),
  };
}
