namespace Idempotency.Filters.TestSupport;

/// <summary>A signal that a test waits for, up to two minutes, because a busy machine is not a defect.</summary>
public sealed class Signal
{
    private readonly TaskCompletionSource _fired = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Fire() => _fired.TrySetResult();

    public Task WaitAsync() => _fired.Task.Soon();
}
