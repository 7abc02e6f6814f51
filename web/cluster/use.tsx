/** What is used of what there is: `239 of 256 MiB`, with a bar that turns red before the end. */
import { coresText, memoryText } from '../../shared/readable-line/measures.ts';

/** From here on a container is close to being killed, a node to evicting pods. */
const FULL_SHARE = 0.9;

/** The heads of the two columns. */
export function UseHeads() {
  return (
    <>
      <th scope="col" class="not-phone">
        CPU
      </th>
      <th scope="col" class="not-phone">
        Memory
      </th>
    </>
  );
}

export function MemoryUse({
  bytes,
  limit,
}: {
  readonly bytes: number | undefined;
  readonly limit: number | undefined;
}) {
  if (bytes === undefined) return null;
  const text = memoryText(bytes);
  if (limit === undefined) return <Bar share={undefined} text={text} />;
  const of = memoryText(limit);
  const unit = / \S+$/.exec(of)?.[0] ?? '';
  return <Bar share={bytes / limit} text={`${text.endsWith(unit) ? text.slice(0, -unit.length) : text} of ${of}`} />;
}

export function CpuUse({ cores, limit }: { readonly cores: number | undefined; readonly limit: number | undefined }) {
  if (cores === undefined) return null;
  if (limit === undefined) return <>{coresText(cores)}</>;
  return <Bar share={cores / limit} text={`${Math.round((cores / limit) * 100)} %`} />;
}

/** @param share  undefined where there is no limit */
function Bar({ share, text }: { readonly share: number | undefined; readonly text: string }) {
  return (
    <span class="use">
      {text}
      {share === undefined ? (
        <span class="use-bar is-without" />
      ) : (
        <span class={`use-bar${share >= FULL_SHARE ? ' is-full' : ''}`}>
          <span style={{ width: `${Math.min(1, share) * 100}%` }} />
        </span>
      )}
    </span>
  );
}
