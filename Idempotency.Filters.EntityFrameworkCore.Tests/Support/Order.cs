namespace Idempotency.Filters.EntityFrameworkCore.Tests.Support;

internal sealed class Order
{
    public int Id { get; set; }

    public string Item { get; set; } = "";
}
