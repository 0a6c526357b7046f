namespace Idempotency.Filters.Responses;

/// <summary>Decides what becomes of a response that a <see cref="ResponseCapture"/> holds.</summary>
internal interface ICaptureOwner
{
    /// <summary>The response overflows. Whether it is kept is settled here, before the first byte leaves.</summary>
    Task SettleEarlyAsync();

    /// <summary>The app declared that the response is a stream.</summary>
    void NoteStream();
}
