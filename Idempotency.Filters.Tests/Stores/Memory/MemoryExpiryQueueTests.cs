using FsCheck;
using FsCheck.Fluent;
using Idempotency.Filters.Stores.Memory;
using Idempotency.Filters.Stores.Shared;

namespace Idempotency.Filters.Tests.Stores.Memory;

[TestFixture]
public class MemoryExpiryQueueTests
{
    [Test]
    public void FirstIsTheEarliestWhateverMovedOrLeft()
    {
        var step =
            from entry in Gen.Choose(0, 15)
            from at in Gen.Choose(0, 100)
            select (entry, at);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(500),
            Prop.ForAll<(int, int)[]>(Arb.ToArbitrary(Gen.Resize(Gen.ArrayOf(step), 100)), FirstIsTheEarliest));
    }

    private static bool FirstIsTheEarliest((int Entry, int At)[] steps)
    {
        var queue = new MemoryExpiryQueue();
        var entries = Enumerable.Range(0, 16).Select(i => new MemoryEntry($"{i}", "caller") { Record = [] }).ToArray();
        var filed = new HashSet<MemoryEntry>();
        foreach (var (index, at) in steps)
        {
            var entry = entries[index];
            if (at % 4 == 0)
            {
                queue.Remove(entry);
                filed.Remove(entry);
            }
            else
            {
                entry.RecordExpiresAt = at == 99 ? StoreClock.Never : at;
                queue.File(entry);
                _ = at == 99 ? filed.Remove(entry) : filed.Add(entry);
            }

            var earliest = filed.Count == 0 ? (long?)null : filed.Min(known => known.RecordExpiresAt);
            if (queue.FirstDueAt(100)?.RecordExpiresAt != earliest || queue.FirstDueAt((earliest ?? 1) - 1) is not null)
                return false;
        }

        return true;
    }
}
