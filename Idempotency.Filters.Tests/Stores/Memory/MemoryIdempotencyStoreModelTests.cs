using FsCheck;
using FsCheck.Fluent;
using Idempotency.Filters.Stores;
using Idempotency.Filters.Stores.Memory;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Idempotency.Filters.Tests.Stores.Memory;

/// <summary>Plays random histories of a few keys on the store and on a model that is too simple to be wrong.</summary>
[TestFixture]
public class MemoryIdempotencyStoreModelTests
{
    private const int Keys = 3;

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Retention = TimeSpan.FromSeconds(10);

    private static readonly Gen<Step> Steps = Gen.Frequency(
        (4, Of(Act.Claim)),
        (2, Of(Act.ClaimRefusing)),
        (3, Of(Act.ClaimOverCompleted)),
        (2, Of(Act.ClaimUnrenewed)),
        (5, Of(Act.Complete)),
        (3, Of(Act.Release)),
        (2, Of(Act.Abandon)),
        (6, Of(Act.Advance)));

    private enum Act
    {
        Claim,
        ClaimRefusing,
        ClaimOverCompleted,
        ClaimUnrenewed,
        Complete,
        Release,
        Abandon,
        Advance,
    }

    [TestCase(1_000)]
    [TestCase(100_000, Category = "Long")]
    public void EveryAnswerAgreesWithTheModel(int count)
    {
        var histories = Arb.ToArbitrary(Gen.Resize(Gen.ArrayOf(Steps), 80), Shorter);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(count), Prop.ForAll<Step[]>(histories, Agrees));
    }

    private static Gen<Step> Of(Act act) =>
        from key in Gen.Choose(0, Keys - 1)
        from amount in Gen.Choose(0, 9)
        select new Step(act, key, amount);

    private static IEnumerable<Step[]> Shorter(Step[] history) =>
        Enumerable.Range(0, history.Length).Select(i => history.Where((_, at) => at != i).ToArray());

    private static void Agrees(Step[] history)
    {
        var time = new FakeTimeProvider();
        var store = new MemoryIdempotencyStore(new(), time, NullLogger<MemoryIdempotencyStore>.Instance);
        var model = new Model();
        var claims = Enumerable.Range(0, Keys).Select(_ => new List<(IdempotencyClaim Claim, ModelClaim Model)>()).ToArray();
        for (var i = 0; i < history.Length; i++)
        {
            var step = history[i];
            if (step.Act == Act.Advance)
            {
                time.Advance(TimeSpan.FromSeconds(step.Amount));
                model.Now += TimeSpan.FromSeconds(step.Amount);
            }
            else if (step.Act <= Act.ClaimUnrenewed)
            {
                var options = OptionsOf(step.Act);
                using var answer = Now(store.ClaimAsync($"key{step.Key}", options, default));
                var expected = model.Claim(step.Key, options);
                Same(answer.Outcome, expected.Outcome);
                if (answer.Outcome == ClaimOutcome.Completed)
                {
                    Same(answer.Record.FirstSpan[0], expected.Record);
                }
                else if (answer.Claim is { } claim)
                {
                    Same(claim.PreviousRecord?.FirstSpan[0], expected.Record);
                    claims[step.Key].Add((claim, expected.Claim!));
                }
            }
            else if (claims[step.Key] is { Count: > 0 } known)
            {
                // Use the latest claim more often than an older one.
                var (claim, modelClaim) = known[Math.Max(0, known.Count - 1 - (step.Amount / 4))];
                Use(claim, modelClaim, step, (byte)i);
            }
        }

        foreach (var (claim, _) in claims.SelectMany(known => known))
            Now(claim.DisposeAsync());

        time.Advance(TimeSpan.FromDays(1));
        store.Purge();
        Same((store.Capacity.Entries.Used, store.Capacity.Bytes.Used), (0L, 0L));

        void Use(IdempotencyClaim claim, ModelClaim modelClaim, Step step, byte record)
        {
            switch (step.Act)
            {
                case Act.Complete when !modelClaim.Released:
                    using (var completion = Now(claim.CompleteAsync(new([record]), Retention, default)))
                    {
                        // When a lease is long over, the store may or may not remember the claim.
                        var outcome = completion.Outcome == CompletionOutcome.Restored && model.MayForget(modelClaim)
                            ? CompletionOutcome.Stored
                            : completion.Outcome;
                        Same(outcome, model.Complete(modelClaim, record));
                    }

                    break;
                case Act.Release:
                    Now(claim.DisposeAsync());
                    model.Release(modelClaim);
                    break;
                case Act.Abandon:
                    claim.Abandon();
                    model.Abandon(modelClaim);
                    break;
            }

            if (!model.MayForget(modelClaim) || modelClaim.TakenOver)
                Same(claim.Lost.IsCancellationRequested, modelClaim.TakenOver);
        }
    }

    private static ClaimOptions OptionsOf(Act act)
    {
        var held = new ClaimOptions { Lease = Lease };
        return act switch
        {
            Act.ClaimRefusing => held with
            {
                WhenInterrupted = InterruptedBehavior.Block,
                BlockFor = TimeSpan.FromSeconds(7),
                RenewFor = TimeSpan.FromSeconds(2),
            },
            Act.ClaimOverCompleted => held with { OverCompleted = true, RenewFor = TimeSpan.FromSeconds(6) },
            Act.ClaimUnrenewed => held with { RenewFor = TimeSpan.Zero },
            _ => held,
        };
    }

    private static T Now<T>(ValueTask<T> task)
    {
        Same(task.IsCompletedSuccessfully, true);
        return task.GetAwaiter().GetResult();
    }

    private static void Now(ValueTask task) => Same(task.IsCompletedSuccessfully, true);

    // Not an NUnit assertion: that would record the failures on the way, while FsCheck shrinks one, as failures of the test.
    private static void Same<T>(T actual, T expected)
    {
        if (!EqualityComparer<T>.Default.Equals(actual, expected))
            throw new InvalidOperationException($"The store says {actual}, the model {expected}.");
    }

    private sealed record Step(Act Act, int Key, int Amount);

    private sealed class ModelClaim
    {
        public required int Key { get; init; }

        public required ClaimOptions Options { get; init; }

        public required bool OverRecord { get; init; }

        public required TimeSpan LeaseEnd { get; set; }

        public bool Abandoned { get; set; }

        public bool Completed { get; set; }

        public bool Released { get; set; }

        public bool TakenOver { get; set; }
    }

    private sealed class Model
    {
        private readonly ModelClaim?[] _owner = new ModelClaim?[Keys];
        private readonly (byte Record, TimeSpan Expires)?[] _record = new (byte, TimeSpan)?[Keys];

        public TimeSpan Now { get; set; }

        public (ClaimOutcome Outcome, byte? Record, ModelClaim? Claim) Claim(int key, ClaimOptions options)
        {
            Forget(key);
            if (_owner[key] is { } owner)
            {
                if (Now < owner.LeaseEnd)
                    return (ClaimOutcome.InFlight, null, null);

                if (IsRefused(owner))
                    return (ClaimOutcome.Interrupted, null, null);
            }

            if (_record[key] is { } standing && !options.OverCompleted)
                return (ClaimOutcome.Completed, standing.Record, null);

            if (_owner[key] is { } former)
                former.TakenOver = true;

            var leaseEnd = options.RenewFor is { } renewed ? Now + renewed + options.Lease : TimeSpan.MaxValue;
            _owner[key] = new()
            {
                Key = key,
                Options = options,
                OverRecord = _record[key] is not null,
                LeaseEnd = leaseEnd,
            };
            return (ClaimOutcome.Acquired, _record[key]?.Record, _owner[key]);
        }

        public CompletionOutcome Complete(ModelClaim claim, byte record)
        {
            if (claim.Completed)
                return CompletionOutcome.Stored;

            Forget(claim.Key);
            var mine = _owner[claim.Key] == claim;
            if (!mine && (_owner[claim.Key] is not null || _record[claim.Key] is not null))
                return CompletionOutcome.LeaseLost;

            claim.Completed = true;
            _owner[claim.Key] = null;
            _record[claim.Key] = (record, Now + Retention);
            return mine || MayForget(claim) ? CompletionOutcome.Stored : CompletionOutcome.Restored;
        }

        public void Release(ModelClaim claim)
        {
            if (!claim.Abandoned && !claim.Completed && !claim.Released)
            {
                claim.Released = true;
                if (_owner[claim.Key] == claim)
                    _owner[claim.Key] = null;
            }
        }

        public void Abandon(ModelClaim claim)
        {
            if (!claim.Abandoned && !claim.Completed && !claim.Released)
            {
                claim.Abandoned = true;
                claim.LeaseEnd = claim.LeaseEnd < Now + Lease ? claim.LeaseEnd : Now + Lease;
            }
        }

        public bool MayForget(ModelClaim claim) => claim.LeaseEnd != TimeSpan.MaxValue && Now >= claim.LeaseEnd + Lease;

        private bool IsRefused(ModelClaim claim) =>
            !claim.OverRecord && claim.Options.WhenInterrupted == InterruptedBehavior.Block
            && Now < claim.LeaseEnd + claim.Options.BlockFor;

        private void Forget(int key)
        {
            if (_record[key] is { } record && Now >= record.Expires)
                _record[key] = null;

            if (_owner[key] is { } owner && _record[key] is null && MayForget(owner) && !IsRefused(owner))
                _owner[key] = null;
        }
    }
}
