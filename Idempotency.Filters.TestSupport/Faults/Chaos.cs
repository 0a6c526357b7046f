namespace Idempotency.Filters.TestSupport;

/// <summary>Lets calls to a test double fail as the test wants, and records the calls.</summary>
internal sealed class Chaos
{
    private readonly Lock _gate = new();
    private readonly List<string> _calls = [];
    private TaskCompletionSource _resumed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Chooses the fault for a call by its name; null = no faults.</summary>
    public Func<string, Fault>? On { get; set; }

    /// <summary>The names of all calls so far, in order.</summary>
    public string Calls
    {
        get
        {
            lock (_gate)
                return string.Join(' ', _calls);
        }
    }

    public int Count(string call)
    {
        lock (_gate)
            return _calls.Count(name => name == call);
    }

    public void Forget()
    {
        lock (_gate)
            _calls.Clear();
    }

    /// <summary>Chooses a fault for the first call of this name only.</summary>
    public void Once(string call, Fault fault)
    {
        var left = 1;
        On = name => name == call && Interlocked.Decrement(ref left) == 0 ? fault : Fault.None;
    }

    /// <summary>Lets hanging calls continue.</summary>
    public void Resume() => Interlocked.Exchange(ref _resumed, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    public async Task<T> RunAsync<T>(string call, Func<ValueTask<T>> effect)
    {
        var resumed = _resumed.Task;
        lock (_gate)
            _calls.Add(call);
        var fault = On?.Invoke(call) ?? Fault.None;
        if (fault is Fault.Fails)
            throw new IOException($"{call} fails.");
        if (fault is Fault.Hangs)
            await resumed;

        var result = await effect();
        return fault is Fault.LosesReply ? throw new IOException($"The reply of {call} is lost.") : result;
    }
}
