namespace Idempotency.Filters.TestSupport;

/// <summary>Something that a test waits for: no longer than two minutes, since a busy machine is no defect.</summary>
public sealed class Signal
{
    private readonly TaskCompletionSource _fired = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Fire() => _fired.TrySetResult();

    public Task WaitAsync() => _fired.Task.Soon();
}
